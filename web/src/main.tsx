import { render } from 'preact';
import './style/tokens.css';
import './style/base.css';
import { App } from './app';
import { connect } from './server/events';
import { followJobs } from './state/jobs';
import { loadModels } from './state/options';
import { followUploads } from './state/uploads';

followJobs();
connect();
void followUploads();
loadModels().catch(() => {}); // without the list of models, the server's own is used
render(<App />, document.getElementById('page')!);
