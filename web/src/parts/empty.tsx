// What stands where there is nothing, or where something went wrong: what it is, and what to do.
import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icon';
import './empty.css';

interface Properties {
  icon: IconName;
  title: string;
  children?: ComponentChildren;
}

export function Empty({ icon, title, children }: Properties) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}
