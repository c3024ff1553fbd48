// The media element as signals and actions. Without playable media its time can still be set, so
// that text, strip and links work.
import { computed, signal } from '@preact/signals';

export const speeds = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3];

const speedKey = 'verbatim.speed';

export class Player {
  readonly time = signal(0);
  readonly duration = signal(0);
  readonly isPlaying = signal(false);
  readonly isMuted = signal(false);
  readonly speed = signal(Number(localStorage.getItem(speedKey)) || 1);
  readonly hasVideo = signal(false);
  readonly hasCaptions = signal(false);
  readonly isBroken = signal(false);
  readonly second = computed(() => Math.floor(this.time.value));

  private media: HTMLVideoElement | null = null;
  private frame = 0;
  private stopAt = Infinity;
  private wantedTime = 0;

  attach = (media: HTMLVideoElement | null): void => {
    cancelAnimationFrame(this.frame);
    this.media = media;
    if (!media) return;
    media.playbackRate = this.speed.value;
    media.onloadedmetadata = () => {
      this.hasVideo.value = media.videoWidth > 0;
      if (Number.isFinite(media.duration)) this.duration.value = media.duration;
      if (this.wantedTime > 0) media.currentTime = this.wantedTime;
      this.showCaptions(this.hasCaptions.value);
    };
    media.onplay = () => {
      this.isPlaying.value = true;
      this.tick();
    };
    media.onpause = () => {
      this.isPlaying.value = false;
    };
    media.onseeked = () => {
      this.time.value = media.currentTime;
    };
    media.onvolumechange = () => {
      this.isMuted.value = media.muted;
    };
    media.onerror = () => {
      this.isBroken.value = true;
    };
  };

  // While it plays, once a frame: `timeupdate` comes four times a second only.
  private tick = (): void => {
    const media = this.media;
    if (!media || media.paused) return;
    this.time.value = media.currentTime;
    if (media.currentTime >= this.stopAt) {
      this.stopAt = Infinity;
      media.pause();
    }
    this.frame = requestAnimationFrame(this.tick);
  };

  seek(time: number): void {
    const end = this.duration.value || Infinity;
    this.stopAt = Infinity;
    this.wantedTime = Math.min(Math.max(0, time), end);
    this.time.value = this.wantedTime;
    if (this.media && this.media.readyState > 0) this.media.currentTime = this.wantedTime;
  }

  step(seconds: number): void {
    this.seek(this.time.value + seconds);
  }

  play(): void {
    this.media?.play().catch(() => {}); // refused until the reader has touched the page
  }

  toggle(): void {
    this.stopAt = Infinity;
    if (this.isPlaying.value) this.media?.pause();
    else this.play();
  }

  // One word, with a little of what is around it.
  playRange(start: number, end: number): void {
    this.seek(start - 0.3);
    this.stopAt = end + 0.3;
    this.play();
  }

  setSpeed(speed: number): void {
    this.speed.value = speed;
    localStorage.setItem(speedKey, String(speed));
    if (this.media) this.media.playbackRate = speed;
  }

  changeSpeed(steps: number): void {
    const at = speeds.indexOf(this.speed.value);
    this.setSpeed(speeds[Math.min(speeds.length - 1, Math.max(0, at + steps))]!);
  }

  toggleMuted(): void {
    if (this.media) this.media.muted = !this.media.muted;
  }

  showCaptions(isShown: boolean): void {
    this.hasCaptions.value = isShown;
    const track = this.media?.textTracks[0];
    if (track) track.mode = isShown ? 'showing' : 'hidden';
  }

  fullScreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.media?.requestFullscreen?.();
  }
}
