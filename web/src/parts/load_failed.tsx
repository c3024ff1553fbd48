// What should be here could not be fetched: why, and the way on, which is also taken once the server is back.
import { useEffect } from 'preact/hooks';
import { on } from '../server/events';
import { texts } from '../texts';
import { Empty } from './empty';

export function LoadFailed({ error, onAgain }: { error: string; onAgain: () => unknown }) {
  useEffect(() => on('open', () => void onAgain()), [onAgain]);
  return (
    <Empty icon="alert" title={texts.problem.notLoaded}>
      <p role="alert">{error}</p>
      <button type="button" class="button" onClick={() => void onAgain()}>
        {texts.problem.again}
      </button>
    </Empty>
  );
}
