// What the server expects of the jobs that wait, how good that was so far, and what it tries by itself.
import { useComputed } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { wait } from '../parts/format';
import { get } from '../server/client';
import { texts } from '../texts';
import { samples } from './live';
import './predictions.css';

interface Accuracy {
  predictions: number;
  regression_error_percent: number | null;
  rule_error_percent: number | null;
  in_use: 'regression' | 'rule';
}

interface Trial {
  setting: string;
  before: number;
  after: number;
  gain_percent: number;
}

interface Answer {
  queue: { job: string; ends_in_s: number }[];
  models: { model: string; samples: number; time: Accuracy; memory: Accuracy }[];
  tuning: { is_on: boolean; attempt: Trial | null; outcomes: (Trial & { verdict: string })[] };
}

const words = texts.performance.predictions;

function errorOf(accuracy: Accuracy): string {
  const error = accuracy.in_use === 'regression' ? accuracy.regression_error_percent : accuracy.rule_error_percent;
  return error === null ? words.unknown : words.error(Math.round(error), accuracy.predictions);
}

function usePredictions(): Answer | null {
  const [answer, setAnswer] = useState<Answer | null>(null);
  // Asked anew when jobs come and go.
  const shape = useComputed(() => `${samples.value.at(-1)?.jobs_running}/${samples.value.at(-1)?.jobs_queued}`).value;
  useEffect(() => {
    get<Answer>('/api/performance/predictions').then(setAnswer, () => setAnswer(null));
  }, [shape]);
  return answer;
}

export function Predictions() {
  const answer = usePredictions();
  if (!answer) return null;
  const last = answer.queue.at(-1);
  const { attempt, outcomes } = answer.tuning;
  if (!last && answer.models.length === 0 && !attempt && outcomes.length === 0) return null;
  return (
    <section class="predictions">
      <h2>{words.title}</h2>
      <ul>
        {last && <li class="number">{words.queue(answer.queue.length, wait(last.ends_in_s))}</li>}
        {answer.models.map((one) => (
          <li key={one.model}>
            <h3>{one.model}</h3>
            <p class="small quiet number">{words.learned(one.samples)}</p>
            <p class="small quiet number">
              {words.time}: {errorOf(one.time)}
            </p>
            <p class="small quiet number">
              {words.memory}: {errorOf(one.memory)}
            </p>
          </li>
        ))}
        {(attempt || outcomes.length > 0) && (
          <li>
            <h3>{words.tuning}</h3>
          </li>
        )}
        {attempt && <li class="number">{words.trying(attempt.setting, attempt.before, attempt.after)}</li>}
        {outcomes.map((one) => (
          <li key={`${one.setting}${one.after}`} class="small quiet number">
            {words.tried(one.setting, one.before, one.after, one.verdict, one.gain_percent)}
          </li>
        ))}
      </ul>
    </section>
  );
}
