// A thin bar of progress; its share is announced to screen readers on demand only.
import './bar.css';

interface Properties {
  share: number;
  label: string;
  kind?: 'upload' | 'work' | 'paused';
}

export function Bar({ share, label, kind = 'work' }: Properties) {
  const part = Math.min(1, Math.max(0, share));
  return (
    <div class={`bar ${kind}`} role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(part * 100)}>
      <div class="bar-done" style={{ transform: `scaleX(${part})` }} />
    </div>
  );
}
