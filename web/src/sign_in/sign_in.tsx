// Takes a token once, where the server asks for one.
import { useId, useState } from 'preact/hooks';
import { post, sentence } from '../server/client';
import { texts } from '../texts';
import { startAgain } from './session';
import './sign_in.css';

export function SignIn() {
  const field = useId();
  const problem = useId();
  const [token, setToken] = useState('');
  const [error, setError] = useState('');
  const [isAsking, setIsAsking] = useState(false);

  async function signIn(event: Event): Promise<void> {
    event.preventDefault();
    setIsAsking(true);
    setError('');
    try {
      await post('/api/session', { token: token.trim() });
      startAgain();
    } catch (caught) {
      setError(sentence(caught));
      setIsAsking(false);
    }
  }

  return (
    <form class="sign-in" onSubmit={(event) => void signIn(event)}>
      <h1>{texts.signIn.title}</h1>
      <p class="quiet">{texts.signIn.intro}</p>
      <div class="field">
        <label for={field}>{texts.signIn.token}</label>
        <input
          id={field}
          class="input"
          type="password"
          name="token"
          autocomplete="current-password"
          autofocus
          required
          spellcheck={false}
          aria-invalid={error !== ''}
          aria-describedby={problem}
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </div>
      <p id={problem} class="sign-in-problem" role="alert">
        {error}
      </p>
      <button type="submit" class="button primary" disabled={isAsking}>
        {texts.signIn.enter}
      </button>
      <p class="quiet small">{texts.signIn.where}</p>
    </form>
  );
}
