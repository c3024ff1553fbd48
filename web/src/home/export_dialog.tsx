// Many transcripts as one ZIP, in the kinds of file that are ticked.
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog';
import { Icon } from '../parts/icon';
import { texts } from '../texts';

const formats = ['srt', 'vtt', 'txt', 'json', 'tsv'] as const;

interface Properties {
  which: string[]; // jobs=..., tag=... or all=true; each is a ZIP of its own
  onClose: () => void;
}

export function ExportDialog({ which, onClose }: Properties) {
  const [ticked, setTicked] = useState<readonly string[]>(['srt', 'txt']);
  const words = texts.library;
  const tick = (format: string, does: boolean) => setTicked(formats.filter((one) => (one === format ? does : ticked.includes(one))));
  return (
    <Dialog title={words.exportZip} onClose={onClose}>
      <div class="export-form">
        <fieldset>
          <legend>{words.formats}</legend>
          {formats.map((format) => (
            <label key={format}>
              <input type="checkbox" checked={ticked.includes(format)} onChange={(event) => tick(format, event.currentTarget.checked)} />
              {texts.transcript.formats[format]}
            </label>
          ))}
        </fieldset>
        {ticked.length > 0 &&
          which.map((part, at) => (
            <a key={part} class="button primary" href={`/api/export.zip?${part}&formats=${ticked.join()}`} download onClick={() => which.length === 1 && onClose()}>
              <Icon name="download" />
              {words.download(at + 1, which.length)}
            </a>
          ))}
      </div>
    </Dialog>
  );
}
