// What would make it better: the sentence, what it was seen by, what it brings, and the button.
import { useState } from 'preact/hooks';
import { capitalised } from '../parts/format';
import { Icon } from '../parts/icon';
import { post, sentence } from '../server/client';
import type { Recommendation } from '../server/types';
import { complain, sayWithAction } from '../state/notes';
import { texts } from '../texts';
import { loadStatus, recommendations } from './live';
import './recommendations.css';

const order = ['critical', 'warning', 'suggestion', 'info'];

export async function act(id: string, what: 'apply' | 'undo'): Promise<void> {
  try {
    await post(`/api/performance/recommendations/${id}/${what}`);
    if (what === 'apply') sayWithAction(texts.performance.applied, texts.undo, () => void act(id, 'undo'));
  } catch (error) {
    complain(sentence(error));
  }
  await loadStatus();
}

function Card({ advice }: { advice: Recommendation }) {
  const [isBusy, setBusy] = useState(false);
  const words = texts.performance;
  const { action } = advice;
  const isGrave = advice.severity === 'warning' || advice.severity === 'critical';
  const apply = async () => {
    setBusy(true);
    await act(advice.id, 'apply');
    setBusy(false);
  };
  return (
    <li class={`advice ${advice.severity}`}>
      <Icon name={isGrave ? 'alert' : action ? 'spark' : 'info'} />
      <div class="advice-words">
        <h3>
          <span class="hidden">{words.severity[advice.severity] ?? advice.severity}: </span>
          {advice.message}
        </h3>
        <p class="small quiet">{capitalised(advice.evidence)}</p>
        <p class="small quiet">{words.gain(advice.expected_gain)}</p>
        {action && 'command' in action && (
          <p class="small">
            {words.command}: <code>{action.command}</code>
          </p>
        )}
      </div>
      {action && 'setting' in action && (
        <button type="button" class="button small" disabled={isBusy} aria-label={`${words.apply}: ${action.setting} = ${action.value}`} title={`${action.setting} = ${action.value}`} onClick={() => void apply()}>
          {words.apply}
        </button>
      )}
    </li>
  );
}

export function Recommendations() {
  const list = recommendations.value;
  if (!list) return null;
  const sorted = [...list].sort((a, b) => Number(!a.action) - Number(!b.action) || order.indexOf(a.severity) - order.indexOf(b.severity));
  return (
    <section class="recommendations">
      <h2>{texts.performance.recommendations}</h2>
      {list.length === 0 ? (
        <p class="quiet">{texts.performance.nothing}</p>
      ) : (
        <ul>
          {sorted.map((advice) => (
            <Card key={advice.id} advice={advice} />
          ))}
        </ul>
      )}
    </section>
  );
}
