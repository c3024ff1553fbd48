import { texts } from '../texts';
import { Dialog } from './dialog';
import './keys_help.css';

function List({ keys: list }: { keys: readonly (readonly [string, string])[] }) {
  return (
    <dl class="keys-help">
      {list.map(([keys, meaning]) => (
        <div key={keys}>
          <dt>
            {keys.split(', ').map((key) => (
              <kbd key={key}>{key}</kbd>
            ))}
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}

export function KeysHelp({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={texts.keys.title} kind="wide" onClose={onClose}>
      <div class="keys-help-columns">
        <section>
          <h3>{texts.keys.reading}</h3>
          <List keys={texts.keys.list} />
        </section>
        <section>
          <h3>{texts.keys.editing}</h3>
          <List keys={texts.keys.editingList} />
        </section>
      </div>
    </Dialog>
  );
}
