import { clock } from '../parts/format';
import { Icon } from '../parts/icon';
import { IconButton } from '../parts/icon_button';
import { Menu } from '../parts/menu';
import type { Coverage, Job } from '../server/types';
import { hasTranscript } from '../state/jobs';
import { texts } from '../texts';
import type { Span } from './coverage';
import { speeds, type Player } from './player';
import './player_panel.css';
import type { Reading } from './reading';
import { Strip } from './strip';

function Controls({ player }: { player: Player }) {
  const words = texts.transcript;
  const isPlaying = player.isPlaying.value;
  return (
    <div class="controls">
      <IconButton icon="rewind" label={words.back5} onClick={() => player.step(-5)} />
      <button type="button" class="button primary play" aria-label={isPlaying ? words.pause : words.play} onClick={() => player.toggle()}>
        <Icon name={isPlaying ? 'pause' : 'play'} />
      </button>
      <IconButton icon="forward" label={words.forward5} onClick={() => player.step(5)} />
      <Clock player={player} />
      <Menu
        label={`${words.speed}: ${player.speed.value}\u00d7`}
        buttonClass="button plain speed number"
        items={speeds.map((speed) => ({ label: `${speed}\u00d7`, icon: speed === player.speed.value ? 'check' : 'forward', run: () => player.setSpeed(speed) }))}
      >
        {player.speed.value}×
      </Menu>
      <span class="volume">
        <IconButton icon={player.isMuted.value ? 'muted' : 'volume'} label={player.isMuted.value ? words.unmute : words.mute} onClick={() => player.toggleMuted()} />
      </span>
      {player.hasVideo.value && (
        <>
          <IconButton icon="captions" label={words.captions} isPressed={player.hasCaptions.value} onClick={() => player.showCaptions(!player.hasCaptions.value)} />
          <IconButton icon="full" label={words.full} onClick={() => player.fullScreen()} />
        </>
      )}
    </div>
  );
}

// Alone, since it changes with every frame.
function Clock({ player }: { player: Player }) {
  return (
    <span class="clock number">
      {clock(player.time.value)} <span class="quiet">/ {clock(player.duration.value)}</span>
    </span>
  );
}

interface Properties {
  job: Job;
  player: Player;
  reading: Reading;
  coverage: Coverage[];
  retried: Span[];
  isUploading: boolean;
  revision: number; // of the transcript, for captions
}

export function PlayerPanel({ job, player, reading, coverage, retried, isUploading, revision }: Properties) {
  return (
    <section class={`player ${player.hasVideo.value ? 'with-video' : ''}`} aria-label={texts.transcript.play}>
      {!isUploading && !player.isBroken.value && (
        <div class="stage">
          <video ref={player.attach} src={`/api/jobs/${job.id}/media`} preload="metadata" playsInline onClick={() => player.toggle()}>
            {hasTranscript(job) && <track key={revision} kind="captions" src={`/api/jobs/${job.id}/transcript.vtt?words=false${revision ? `&revision=${revision}` : ''}`} srcLang={job.language ?? 'en'} label={texts.transcript.captions} />}
          </video>
        </div>
      )}
      <Strip player={player} coverage={coverage} retried={retried} reading={reading} />
      {isUploading && <p class="player-note">{texts.transcript.uploading}</p>}
      {player.isBroken.value && <p class="player-note">{texts.transcript.notPlayable}</p>}
      {!isUploading && !player.isBroken.value && <Controls player={player} />}
    </section>
  );
}
