// The frame of every place: the bar at the top, the place itself, notes.
import { useEffect, useState } from 'preact/hooks';
import './app.css';
import { Home } from './home/home';
import { useKeys } from './parts/keys';
import { KeysHelp } from './parts/keys_help';
import { LinkBanner } from './parts/link_banner';
import { Notes } from './parts/notes';
import { TopBar } from './parts/top_bar';
import { PerformancePage } from './performance/performance_page';
import { SearchPage } from './search/search_page';
import { SettingsPage } from './settings/settings_page';
import { isSignInNeeded } from './sign_in/session';
import { SignIn } from './sign_in/sign_in';
import { SignedIn } from './sign_in/signed_in';
import { route } from './state/route';
import { texts } from './texts';
import { TranscriptPage } from './transcript/transcript_page';

const titles = { home: '', transcript: '', search: texts.search.label, performance: texts.performance.title, settings: texts.settings.title };

function Place() {
  const { place, id, query } = route.value;
  if (place === 'transcript') return <TranscriptPage key={id} id={id} query={query} />;
  if (place === 'search') return <SearchPage query={query.get('q') ?? ''} />;
  if (place === 'performance') return <PerformancePage />;
  if (place === 'settings') return <SettingsPage />;
  return <Home />;
}

export function App() {
  const [showsKeys, setShowsKeys] = useState(false);
  useKeys({ '?': () => setShowsKeys(true) });
  const { place } = route.value;
  useEffect(() => {
    if (place !== 'transcript') document.title = titles[place] ? `${titles[place]} \u00b7 ${texts.product}` : texts.product;
  }, [place]);
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => { event.preventDefault(); document.getElementById('content')?.focus(); }}>
        {texts.skip}
      </a>
      <TopBar onKeys={() => setShowsKeys(true)} />
      {!isSignInNeeded.value && <LinkBanner />}
      <main id="content" class={`place ${place}`} tabIndex={-1}>
        {isSignInNeeded.value ? <SignIn /> : <Place />}
        {place === 'settings' && !isSignInNeeded.value && <SignedIn />}
      </main>
      <Notes />
      {showsKeys && <KeysHelp onClose={() => setShowsKeys(false)} />}
    </>
  );
}
