// Above the list: tags to choose from, and what can be done with all that is shown.
import { useState } from 'preact/hooks';
import { Icon } from '../parts/icon';
import { Menu } from '../parts/menu';
import { showTag, tagShown, tags } from '../state/jobs';
import { chooseAll, isChoosing } from '../state/selection';
import { texts } from '../texts';
import { ExportDialog } from './export_dialog';
import './library_bar.css';

export function LibraryBar() {
  const [isExporting, setExporting] = useState(false);
  const words = texts.library;
  const now = tagShown.value;
  return (
    <div class="library-bar">
      <div class="library-tags" role="group" aria-label={words.filter}>
        {tags.value.length > 0 && (
          <button type="button" class="tag" aria-pressed={!now} onClick={() => showTag('')}>
            {words.allTags}
          </button>
        )}
        {tags.value.map(({ tag, jobs }) => (
          <button key={tag} type="button" class="tag number" aria-pressed={tag === now} aria-label={words.tagged(tag, jobs)} onClick={() => showTag(tag === now ? '' : tag)}>
            {tag} {jobs}
          </button>
        ))}
      </div>
      <Menu
        label={words.more}
        items={[
          { label: words.chooseAll, icon: 'select', run: () => { isChoosing.value = true; chooseAll(); } },
          { label: now ? words.exportTag(now) : words.exportAll, icon: 'archive', run: () => setExporting(true) },
        ]}
      >
        <Icon name="more" />
      </Menu>
      {isExporting && <ExportDialog which={[now ? `tag=${encodeURIComponent(now)}` : 'all=true']} onClose={() => setExporting(false)} />}
    </div>
  );
}
