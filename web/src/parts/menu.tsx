// A button that opens a list of actions; arrows, Home, End and Escape as in menus of the system.
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon, type IconName } from './icon';
import './menu.css';

export interface Item {
  label: string;
  icon: IconName;
  run?: () => void;
  href?: string; // a download
  isGrave?: boolean;
}

interface Properties {
  label: string;
  items: Item[];
  children: ComponentChildren; // what the button shows
  buttonClass?: string;
}

export function Menu({ label, items, children, buttonClass = 'button icon-only' }: Properties) {
  const [isOpen, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const entries = () => [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];

  useEffect(() => {
    if (!isOpen) return;
    entries()[0]?.focus();
    const onDown = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener('pointerdown', onDown);
    return () => document.removeEventListener('pointerdown', onDown);
  }, [isOpen]);

  const closeAndReturn = () => {
    setOpen(false);
    button.current?.focus();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (!isOpen) return;
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) all[to % all.length]?.focus();
    else if (event.key === 'Escape') closeAndReturn();
    else if (event.key === 'Tab') setOpen(false);
    else return;
    if (event.key !== 'Tab') event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu" ref={root} onKeyDown={onKeyDown}>
      <button type="button" ref={button} class={buttonClass} aria-haspopup="menu" aria-expanded={isOpen} aria-label={label} title={label} onClick={() => setOpen(!isOpen)}>
        {children}
      </button>
      {isOpen && (
        <div class="menu-list" role="menu" aria-label={label}>
          {items.map((item) => (
            <MenuItem key={item.label} item={item} onDone={closeAndReturn} />
          ))}
        </div>
      )}
    </div>
  );
}

function MenuItem({ item, onDone }: { item: Item; onDone: () => void }) {
  const look = item.isGrave ? 'menu-item grave' : 'menu-item';
  const content = (
    <>
      <Icon name={item.icon} />
      <span>{item.label}</span>
    </>
  );
  const onClick = () => {
    onDone();
    item.run?.();
  };
  if (item.href) {
    return (
      <a class={look} role="menuitem" tabIndex={-1} href={item.href} download onClick={onClick}>
        {content}
      </a>
    );
  }
  return (
    <button type="button" class={look} role="menuitem" tabIndex={-1} onClick={onClick}>
      {content}
    </button>
  );
}
