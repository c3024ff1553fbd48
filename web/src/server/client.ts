// Calls of the server's API. What goes wrong is a Problem with a sentence for a person.
import { capitalised } from '../parts/format';
import { heed } from '../sign_in/session';
import { texts } from '../texts';

export class Problem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    detail: string,
  ) {
    super(detail);
  }
}

// Of anything that was caught.
export function sentence(error: unknown): string {
  if (error instanceof Problem) return error.message;
  return error instanceof TypeError ? texts.problem.unreachable : String(error);
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = await response.json();
    return new Problem(body.code, response.status, capitalised(body.detail));
  } catch {
    return new Problem('internal', response.status, texts.problem.unexpected(response.status));
  }
}

async function send(method: string, path: string, body?: unknown, options: RequestInit = {}): Promise<Response> {
  const init: RequestInit = { method, ...options };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { 'Content-Type': 'application/json', ...options.headers };
  }
  const response = await fetch(path, init);
  heed(response.status, path);
  if (!response.ok) throw await problemOf(response);
  return response;
}

export async function get<T>(path: string, options?: RequestInit): Promise<T> {
  return (await send('GET', path, undefined, options)).json();
}

export async function getText(path: string): Promise<string> {
  return (await send('GET', path)).text();
}

export async function post<T>(path: string, body?: unknown, headers?: Record<string, string>): Promise<T> {
  return (await send('POST', path, body, { headers })).json();
}

export async function patch<T>(path: string, body: unknown): Promise<T> {
  return (await send('PATCH', path, body)).json();
}

// Goes through although the page is being left.
export async function remove(path: string): Promise<void> {
  await send('DELETE', path, undefined, { keepalive: true });
}
