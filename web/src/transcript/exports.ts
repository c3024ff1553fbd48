// Documents that are made here, of what the page shows already: for reading, not for players.
import { clock } from '../parts/format';
import { paragraphText, type Reading } from './reading';

export function toMarkdown(title: string, reading: Reading): string {
  const body = reading.paragraphs.map((paragraph) => `**${clock(paragraph.start)}** ${escapedMarkdown(paragraphText(paragraph))}\n`);
  return `# ${escapedMarkdown(title)}\n\n${body.join('\n')}`;
}

function escapedMarkdown(text: string): string {
  return text.replace(/[\\`*[\]<>#|]|(?<!\w)_|_(?!\w)/g, '\\$&');
}

function escapedHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/[&<>"]/g, (letter) => names[letter]!);
}

export function toHtml(title: string, language: string, reading: Reading): string {
  const body = reading.paragraphs.map((paragraph) => `<p><time>${clock(paragraph.start)}</time> ${escapedHtml(paragraphText(paragraph))}</p>`);
  return `<!doctype html>
<html lang="${escapedHtml(language)}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapedHtml(title)}</title>
<style>
body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem; font: 1.1rem/1.65 system-ui, sans-serif; color-scheme: light dark; }
time { color: gray; font-size: .8em; margin-right: .5em; }
</style>
<h1>${escapedHtml(title)}</h1>
${body.join('\n')}
</html>
`;
}

export function save(name: string, type: string, text: string): void {
  const address = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
