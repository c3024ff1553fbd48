import { isDark, nextTheme } from '../state/theme';
import { route } from '../state/route';
import { texts } from '../texts';
import { IconButton } from './icon_button';
import { SearchField } from './search_field';
import './top_bar.css';

const places = [
  { place: 'home', href: '#/', label: texts.nav.home },
  { place: 'performance', href: '#/performance', label: texts.nav.performance },
  { place: 'settings', href: '#/settings', label: texts.nav.settings },
] as const;

export function TopBar({ onKeys }: { onKeys: () => void }) {
  const now = route.value.place;
  const isHere = (place: string) => place === now || (place === 'home' && (now === 'transcript' || now === 'search'));
  return (
    <header class="top-bar">
      <a class="brand" href="#/" aria-label={texts.product}>
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <path d="M4 12v8M10 6v20M16 10v12M22 13h6M22 19h4" />
        </svg>
        <span>{texts.product}</span>
      </a>
      <nav aria-label={texts.nav.label}>
        {places.map(({ place, href, label }) => (
          <a key={place} href={href} aria-current={isHere(place) ? 'page' : undefined}>
            {label}
          </a>
        ))}
      </nav>
      <SearchField />
      <div class="top-bar-tools">
        <span class="wide-only">
          <IconButton icon="keyboard" label={texts.transcript.keys} onClick={onKeys} />
        </span>
        <IconButton icon={isDark.value ? 'sun' : 'moon'} label={isDark.value ? texts.theme.light : texts.theme.dark} onClick={nextTheme} />
      </div>
    </header>
  );
}
