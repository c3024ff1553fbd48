// Drop, choose, paste or record. The whole page takes files while one is dragged over it.
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../parts/icon';
import { complain } from '../state/notes';
import { addFiles } from '../state/uploads';
import { texts } from '../texts';
import './drop_zone.css';
import { filesOf, looksLikeMedia } from './files_of';
import { Options } from './options';
import { canRecord, Recorder } from './recorder';

export function DropZone({ isCompact }: { isCompact: boolean }) {
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [isRecording, setRecording] = useState(false);

  useEffect(() => {
    const take = async (data: DataTransfer | null) => {
      if (!data) return;
      const found = await filesOf(data);
      const hasFolder = found.length > data.files.length;
      const wanted = hasFolder ? found.filter(looksLikeMedia) : found;
      if (wanted.length) addFiles(wanted);
      else complain(texts.drop.nothing);
    };
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const onDrag = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setOver(false);
    const onDrop = (event: DragEvent) => {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      void take(event.dataTransfer);
    };
    const onPaste = (event: ClipboardEvent) => {
      if (event.clipboardData?.files.length) void take(event.clipboardData);
    };
    const events = { dragover: onDrag, dragleave: onLeave, drop: onDrop, paste: onPaste };
    for (const [name, handler] of Object.entries(events)) window.addEventListener(name, handler as EventListener);
    return () => {
      for (const [name, handler] of Object.entries(events)) window.removeEventListener(name, handler as EventListener);
    };
  }, []);

  const onChosen = (input: HTMLInputElement, isFolder: boolean) => {
    const chosen = [...(input.files ?? [])].filter((file) => !isFolder || looksLikeMedia(file));
    input.value = '';
    if (chosen.length) addFiles(chosen);
    else complain(texts.drop.nothing);
  };

  return (
    <section class={`drop-zone ${isOver ? 'over' : ''} ${isCompact ? 'compact' : ''}`} aria-labelledby="drop-title">
      <div class="drop-main">
        <div>
          <h1 id="drop-title">{isOver ? texts.drop.titleOver : texts.drop.title}</h1>
          <p class="quiet">{texts.drop.hint}</p>
        </div>
        <div class="drop-ways">
          <button type="button" class="button primary" onClick={() => files.current?.click()}>
            <Icon name="upload" />
            {texts.drop.choose}
          </button>
          <button type="button" class="button folder" onClick={() => folder.current?.click()}>
            <Icon name="folder" />
            {texts.drop.folder}
          </button>
          {canRecord() && (
            <button type="button" class="button" aria-expanded={isRecording} disabled={isRecording} onClick={() => setRecording(true)}>
              <Icon name="microphone" />
              {texts.drop.record}
            </button>
          )}
        </div>
      </div>
      {isRecording && <Recorder onEnd={() => setRecording(false)} />}
      <Options />
      <input ref={files} type="file" multiple hidden data-testid="files" onChange={(event) => onChosen(event.currentTarget, false)} />
      <input ref={folder} type="file" hidden {...{ webkitdirectory: true }} onChange={(event) => onChosen(event.currentTarget, true)} />
    </section>
  );
}
