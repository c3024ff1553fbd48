// Shows its content only if it is still wanted after a moment: quick loads need no skeleton.
import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';

export function Late({ children }: { children: ComponentChildren }) {
  const [isDue, setDue] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setDue(true), 300);
    return () => clearTimeout(timer);
  }, []);
  return isDue ? <>{children}</> : null;
}
