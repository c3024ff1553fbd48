// The browser's own modal dialog: it keeps the focus inside and gives it back.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { texts } from '../texts';
import { IconButton } from './icon_button';
import './dialog.css';

interface Properties {
  title: string;
  kind?: 'narrow' | 'wide';
  onClose: () => void;
  children: ComponentChildren;
}

export function Dialog({ title, kind = 'narrow', onClose, children }: Properties) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class={`dialog ${kind}`} aria-label={title} onClose={onClose} onClick={(event) => event.target === dialog.current && dialog.current?.close()}>
      <div class="dialog-inside">
        <header>
          <h2>{title}</h2>
          <IconButton icon="close" label={texts.close} onClick={() => dialog.current?.close()} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
