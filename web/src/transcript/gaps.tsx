// Says which parts could not be read, where their text would stand.
import { clock } from '../parts/format';
import { Icon } from '../parts/icon';
import type { Coverage } from '../server/types';
import { texts } from '../texts';
import './gaps.css';

export function Gaps({ spans = [] }: { spans?: readonly Coverage[] }) {
  return (
    <>
      {spans.map(({ start, end, reason }) => (
        <p key={start} class="text-gap" data-start={start}>
          <Icon name="alert" />
          {texts.transcript.failedMark(`${clock(start)} \u2013 ${clock(end)}`, reason ?? '')}
        </p>
      ))}
    </>
  );
}
