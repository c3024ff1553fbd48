// Whether the server asks who this is, and the session that answers it. The token itself is shown
// once, to sign in; after that a cookie that no script can read stands for it.
import { signal } from '@preact/signals';

// The server has refused to answer without a session.
export const isSignInNeeded = signal(false);

export interface Session {
  is_required: boolean;
  name?: string;
  scope?: string;
  is_session?: boolean;
}

// Of each answer: one that asks who this is brings up the sign-in.
export function heed(status: number, path: string): void {
  if (status === 401 && path !== '/api/session') isSignInNeeded.value = true;
}

// Asks the server whether it would answer: a stream of events does not say why it was refused.
export async function askAgain(): Promise<void> {
  const response = await fetch('/api/session').catch(() => null);
  if (response?.status === 401) isSignInNeeded.value = true;
}

// Everything is asked for anew: what was refused, and what belongs to whoever signed in.
export function startAgain(): void {
  location.reload();
}
