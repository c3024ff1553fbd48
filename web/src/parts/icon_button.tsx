import { Icon, type IconName } from './icon';

interface Properties {
  icon: IconName;
  label: string;
  onClick: () => void;
  isPressed?: boolean;
  isDisabled?: boolean;
}

export function IconButton({ icon, label, onClick, isPressed, isDisabled }: Properties) {
  return (
    <button type="button" class="button icon-only" aria-label={label} title={label} aria-pressed={isPressed} disabled={isDisabled} onClick={onClick}>
      <Icon name={icon} />
    </button>
  );
}
