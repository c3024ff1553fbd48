// All files of what was dropped or pasted, folders included.

export async function filesOf(data: DataTransfer): Promise<File[]> {
  // Entries must be taken before the first wait: after it the browser has forgotten them.
  const entries = [...data.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const loose = [...data.files];
  if (!entries.some((entry) => entry?.isDirectory)) return loose;
  const nested = await Promise.all(entries.filter((entry) => entry !== null).map(filesBelow));
  return nested.flat();
}

async function filesBelow(entry: FileSystemEntry): Promise<File[]> {
  if (entry.name.startsWith('.')) return [];
  if (entry.isFile) return [await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  // A reader gives its entries in pieces; an empty one is the last.
  for (;;) {
    const piece = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (piece.length === 0) return files;
    for (const one of piece) files.push(...(await filesBelow(one)));
  }
}

const mediaEndings = /\.(mp4|m4v|m4a|mov|mkv|webm|avi|flv|wmv|ts|mts|m2ts|mpe?g|3gp|mp3|flac|og[gav]|opus|wav|aac|aiff?|wma|amr|ac3|mka|caf)$/i;

// Of a folder only what looks like a recording is taken; of files chosen one by one, all.
export function looksLikeMedia(file: File): boolean {
  return /^(audio|video)\//.test(file.type) || mediaEndings.test(file.name);
}
