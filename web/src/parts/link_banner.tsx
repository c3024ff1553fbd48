// Says that the server is gone, once that has lasted a moment.
import { useEffect, useState } from 'preact/hooks';
import { link } from '../server/events';
import { texts } from '../texts';
import { Icon } from './icon';
import './link_banner.css';

const patienceMs = 2500;

export function LinkBanner() {
  const [isShown, setShown] = useState(false);
  const state = link.value;
  useEffect(() => {
    if (state !== 'lost') return setShown(false);
    const timer = setTimeout(() => setShown(true), patienceMs);
    return () => clearTimeout(timer);
  }, [state]);
  if (!isShown) return null;
  return (
    <div class="link-banner" role="alert">
      <Icon name="alert" />
      <span>{texts.link.lost}</span>
    </div>
  );
}
