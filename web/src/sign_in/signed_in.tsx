// With which token one is signed in, and the way out. Nothing where the server asks for none.
import { useEffect, useState } from 'preact/hooks';
import { get, remove, sentence } from '../server/client';
import { complain } from '../state/notes';
import { texts } from '../texts';
import { startAgain, type Session } from './session';
import './signed_in.css';

export function SignedIn() {
  const [session, setSession] = useState<Session | null>(null);
  useEffect(() => {
    get<Session>('/api/session').then(setSession, () => setSession(null));
  }, []);
  if (!session?.is_session) return null;

  async function signOut(): Promise<void> {
    try {
      await remove('/api/session');
      startAgain();
    } catch (error) {
      complain(sentence(error));
    }
  }

  return (
    <div class="signed-in">
      <span class="quiet">{texts.signIn.as(session.name ?? '', session.scope ?? '')}</span>
      <button type="button" class="button small" onClick={() => void signOut()}>
        {texts.signIn.leave}
      </button>
    </div>
  );
}
