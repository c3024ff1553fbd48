// The languages that Whisper knows, by code, with names from the browser.
const codes = ('en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi ml ' +
  'cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu am yi lo ' +
  'uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su').split(' ');

const names = new Intl.DisplayNames(['en'], { type: 'language' });
const ownNames: Record<string, string> = { jw: 'Javanese', no: 'Norwegian', tl: 'Tagalog', my: 'Burmese' };

export function languageName(code: string): string {
  return ownNames[code] ?? names.of(code) ?? code;
}

export const languages: { code: string; name: string }[] = codes
  .map((code) => ({ code, name: languageName(code) }))
  .sort((a, b) => a.name.localeCompare(b.name));
