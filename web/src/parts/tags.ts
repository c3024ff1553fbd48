// Tags as the server takes them. Pure.
export const tagsMax = 20;
const lettersMax = 40;

// What was typed or pasted, with commas between.
export function tagsOf(typed: string): string[] {
  return typed.split(',').map((tag) => tag.replace(/[\s\p{Cc}]+/gu, ' ').trim().slice(0, lettersMax)).filter(Boolean);
}

export function withTag(tags: string[], tag: string): string[] {
  return tags.includes(tag) || tags.length >= tagsMax ? tags : [...tags, tag];
}
