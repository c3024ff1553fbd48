// One set of icons, drawn as strokes in 24 units (shapes of Lucide, ISC licence).
const shapes = {
  check: 'M20 6 9 17l-5-5',
  clock: 'M12 7v5l3 2M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  close: 'M18 6 6 18M6 6l12 12',
  stop: 'M7 7h10v10H7z',
  pause: 'M9 5v14M15 5v14',
  play: 'M7 4.5v15l12-7.500z',
  upload: 'M12 16V4M7 9l5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3',
  download: 'M12 4v12M7 11l5 5 5-5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3',
  folder: 'M4 5h5l2 3h8a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1z',
  microphone: 'M12 3a3 3 0 0 0-3 3v6a3 3 0 0 0 6 0V6a3 3 0 0 0-3-3zM5 11v1a7 7 0 0 0 14 0v-1M12 19v3',
  more: 'M11 5.500h2M11 12h2M11 18.500h2',
  search: 'M17 11a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM20 20l-4.700-4.700',
  sun: 'M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM12 2.500v1.500M12 20v1.500M4.900 4.900 6 6M18 18l1.100 1.100M2.500 12H4M20 12h1.500M4.900 19.100 6 18M18 6l1.100-1.100',
  moon: 'M20.500 14.500A8.500 8.500 0 1 1 9.500 3.500a7 7 0 0 0 11 11z',
  alert: 'M12 8v5M12 16.500v.01M10.300 4 2.700 17.300A2 2 0 0 0 4.400 20.300h15.200a2 2 0 0 0 1.700-3L13.700 4a2 2 0 0 0-3.400 0z',
  info: 'M12 11v5M12 8v.01M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0',
  retry: 'M20 11a8 8 0 1 0-2.300 6.300M20 5v6h-6',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  up: 'M12 20V5M6 11l6-6 6 6',
  down: 'M12 4v15M6 13l6 6 6-6',
  level: 'M5 9h14M5 15h14',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  chevron: 'M6 9l6 6 6-6',
  back: 'M20 12H5M11 6l-6 6 6 6',
  rewind: 'M11 6l-6 6 6 6M19 6l-6 6 6 6',
  forward: 'M5 6l6 6-6 6M13 6l6 6-6 6',
  volume: 'M4 9.500v5h3.500L12 19V5L7.500 9.500zM16 9a4 4 0 0 1 0 6M18.500 6.500a8 8 0 0 1 0 11',
  muted: 'M4 9.500v5h3.500L12 19V5L7.500 9.500zM16 9.500l5 5M21 9.500l-5 5',
  captions: 'M4 5h16a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM7 11h4M14 11h3M7 15h2M12 15h5',
  full: 'M8 4H4v4M16 4h4v4M8 20H4v-4M16 20h4v-4',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700l-1.200 1.200M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700l1.200-1.200',
  copy: 'M9 9h10a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H9a1 1 0 0 1-1-1V10a1 1 0 0 1 1-1zM5 15H4a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1h10a1 1 0 0 1 1 1v1',
  keyboard: 'M4 6h16a1 1 0 0 1 1 1v10a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V7a1 1 0 0 1 1-1zM7 10v.01M11 10v.01M15 10v.01M17.500 14v.01M6.500 14v.01M9 14h6',
  target: 'M12 3v4M12 17v4M3 12h4M17 12h4M16 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0z',
  film: 'M4 4h16a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM8 4v16M16 4v16M3 12h18M3 8h5M3 16h5M16 8h5M16 16h5',
  wave: 'M3 10.500v3M7.500 7v10M12 4v16M16.500 8v8M21 10.500v3',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.500 6.500l4 4',
  undo: 'M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3',
  redo: 'M15 14l5-5-5-5M20 9H10a6 6 0 0 0 0 12h3',
  history: 'M3.500 12a8.500 8.500 0 1 0 2.600-6.100L3.500 8M3.500 3.500V8H8M12 7.500V12l3 2',
  replace: 'M4 7h12l-3-3M20 17H8l3 3',
  case: 'M3 18 7.500 6 12 18M4.500 14.500h6M20.500 11v7M20.500 14.500a3 3 0 1 1-6 0 3 3 0 0 1 6 0z',
  minus: 'M6 12h12',
  plus: 'M6 12h12M12 6v12',
  here: 'M4 12h11M11 8l4 4-4 4M19.500 5v14',
  merge: 'M7 4v5l5 5v6M17 4v5l-5 5',
  shift: 'M4 6v12M8 12h12M16 8l4 4-4 4',
  tag: 'M3.500 4.500v7l9 9 7.500-7.500-9-9h-7zM8 8v.01',
  archive: 'M4 5h16v4H4zM5.500 9v10h13V9M10 13h4',
  select: 'M4 4h16v16H4zM8 12l3 3 5-6',
  spark: 'M12 3l2 6.500 6.500 2.500-6.500 2.500L12 21l-2-6.500L3.500 12 10 9.500z',
} as const;

export type IconName = keyof typeof shapes;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.9" stroke-linecap="round" stroke-linejoin="round">
      <path d={shapes[name]} />
    </svg>
  );
}
