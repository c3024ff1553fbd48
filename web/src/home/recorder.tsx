// Records from the microphone; what was recorded goes the way of any file.
import { useEffect, useRef, useState } from 'preact/hooks';
import { clock } from '../parts/format';
import { Icon } from '../parts/icon';
import { complain } from '../state/notes';
import { addFiles } from '../state/uploads';
import { texts } from '../texts';
import './recorder.css';

// Browsers give the microphone to this machine's own address, or over HTTPS.
export function canRecord(): boolean {
  return 'MediaRecorder' in window && navigator.mediaDevices?.getUserMedia !== undefined;
}

function recordingFile(pieces: Blob[], type: string): File {
  const stamp = new Date().toISOString().slice(0, 16).replace('T', ' ').replace(':', '.');
  const ending = type.includes('mp4') ? 'm4a' : type.includes('ogg') ? 'ogg' : 'webm';
  return new File(pieces, `${texts.record.name(stamp)}.${ending}`, { type });
}

export function Recorder({ onEnd }: { onEnd: () => void }) {
  const recorder = useRef<MediaRecorder | null>(null);
  const meter = useRef<HTMLDivElement>(null);
  const [seconds, setSeconds] = useState(0);
  const isWanted = useRef(false);

  useEffect(() => {
    let stream: MediaStream | null = null;
    let frame = 0;
    let isGone = false;
    const begun = performance.now();
    const pieces: Blob[] = [];

    const begin = async () => {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      if (isGone) return;
      const made = new MediaRecorder(stream);
      made.ondataavailable = (event) => pieces.push(event.data);
      made.onstop = () => {
        if (isWanted.current && pieces.length) addFiles([recordingFile(pieces, made.mimeType)]);
        onEnd();
      };
      made.start(1000);
      recorder.current = made;
      const context = new AudioContext();
      const analyser = new AnalyserNode(context, { fftSize: 1024 });
      context.createMediaStreamSource(stream).connect(analyser);
      const samples = new Float32Array(analyser.fftSize);
      const show = () => {
        analyser.getFloatTimeDomainData(samples);
        const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        if (meter.current) meter.current.style.transform = `scaleX(${Math.min(1, Math.sqrt(loudest))})`;
        setSeconds((performance.now() - begun) / 1000);
        frame = requestAnimationFrame(show);
      };
      show();
    };
    begin().catch(() => {
      complain(texts.record.denied);
      onEnd();
    });
    return () => {
      isGone = true;
      cancelAnimationFrame(frame);
      stream?.getTracks().forEach((track) => track.stop());
    };
  }, []);

  const end = (isKept: boolean) => {
    isWanted.current = isKept;
    if (recorder.current) recorder.current.stop();
    else onEnd();
  };

  return (
    <div class="recorder">
      <span class="recorder-light" aria-hidden="true" />
      <span class="number">
        {texts.record.running} {clock(seconds)}
      </span>
      <div class="recorder-meter" aria-hidden="true">
        <div ref={meter} />
      </div>
      <button type="button" class="button small" onClick={() => end(false)}>
        {texts.record.discard}
      </button>
      <button type="button" class="button primary small" onClick={() => end(true)}>
        <Icon name="stop" />
        {texts.record.stop}
      </button>
    </div>
  );
}
