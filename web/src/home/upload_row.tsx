import { useRef } from 'preact/hooks';
import { Bar } from '../parts/bar';
import { bytes, wait } from '../parts/format';
import { Icon } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { complain } from '../state/notes';
import { isSameFile } from '../state/unfinished';
import { addFiles, discard, pause, resume, type Upload } from '../state/uploads';
import { texts } from '../texts';

// How an upload goes, in words.
export function UploadFacts({ upload }: { upload: Upload }) {
  const [sent, size] = [bytes(upload.sent.value), bytes(upload.size)];
  const state = upload.state.value;
  const words = texts.upload;
  if (state === 'failed') return <span class="row-facts bad">{upload.error.value}</span>;
  if (state === 'waiting') return <span class="row-facts">{words.waiting}</span>;
  if (state === 'paused') return <span class="row-facts number">{words.paused(sent, size)}</span>;
  if (state === 'interrupted') return <span class="row-facts attention">{words.interrupted(sent, size)}</span>;
  const speed = upload.speed.value;
  return (
    <span class="row-facts number">
      <span>{words.sending(sent, size)}</span>
      {speed > 0 && <span>{words.speed(bytes(speed))}</span>}
      {speed > 0 && <span>{words.left(wait((upload.size - upload.sent.value) / speed))}</span>}
    </span>
  );
}

export function UploadBar({ upload }: { upload: Upload }) {
  const share = upload.size ? upload.sent.value / upload.size : 0;
  return <Bar share={share} label={texts.upload.progress(upload.name)} kind={upload.state.value === 'sending' ? 'upload' : 'paused'} />;
}

export function UploadActions({ upload }: { upload: Upload }) {
  const input = useRef<HTMLInputElement>(null);
  const state = upload.state.value;
  const words = texts.upload;
  const onChosen = (chosen: File | undefined) => {
    if (!chosen) return;
    if (isSameFile(upload, chosen)) addFiles([chosen]);
    else complain(words.wrongFile(upload.name));
  };
  return (
    <>
      {state === 'sending' && <IconButton icon="pause" label={words.pause(upload.name)} onClick={() => void pause(upload)} />}
      {state === 'paused' && <IconButton icon="play" label={words.resume(upload.name)} onClick={() => resume(upload)} />}
      {state === 'failed' && (
        <button type="button" class="button small" onClick={() => resume(upload)}>
          {texts.problem.again}
        </button>
      )}
      {state === 'interrupted' && (
        <>
          <button type="button" class="button small" onClick={() => input.current?.click()}>
            {words.chooseAgain}
          </button>
          <input ref={input} type="file" hidden onChange={(event) => onChosen(event.currentTarget.files?.[0])} />
        </>
      )}
      <IconButton icon="close" label={words.discard(upload.name)} onClick={() => void discard(upload)} />
    </>
  );
}

export function UploadRow({ upload }: { upload: Upload }) {
  return (
    <li class="row">
      <span class={`row-mark ${upload.state.value === 'failed' ? 'bad' : upload.state.value === 'sending' ? 'working' : ''}`}>
        <Icon name={upload.state.value === 'failed' ? 'alert' : 'upload'} />
      </span>
      <div class="one-line">
        <div class="row-name one-line" title={upload.name}>
          {upload.name}
        </div>
        <UploadFacts upload={upload} />
      </div>
      <div class="row-actions">
        <UploadActions upload={upload} />
      </div>
      <div class="row-below">
        <UploadBar upload={upload} />
      </div>
    </li>
  );
}
