import * as vscode from 'vscode';
import { grouped } from '../training/figures.ts';
import type { TimelinePage } from './timelinePage.ts';
import type { TimelineServices } from './timelineServices.ts';

/** Bookmarks the playhead with a note, or offers to remove the bookmark that is there. */
export async function bookmarkUpdate(
  { engine, catalog }: TimelineServices,
  page: TimelinePage,
): Promise<void> {
  const { run, place } = page;
  if (!run) return;
  const { updates } = place;
  const there = run.bookmarks.find(bookmark => bookmark.updates === updates);
  const title = `${there ? 'Edit Bookmark' : 'Bookmark'} after Update ${grouped(updates)}`;
  const box = vscode.window.createInputBox();
  const remove = { iconPath: new vscode.ThemeIcon('trash'), tooltip: 'Remove Bookmark' };
  Object.assign(box, {
    title,
    prompt: 'Note, may be empty',
    value: there?.note ?? '',
    buttons: there ? [remove] : [],
  });
  const note = await new Promise<string | 'remove' | undefined>(resolve => {
    box.onDidAccept(() => resolve(`=${box.value}`));
    box.onDidTriggerButton(() => resolve('remove'));
    box.onDidHide(() => resolve(undefined));
    box.show();
  });
  box.dispose();
  if (note === undefined) return;
  await engine.request('Annotate', {
    path: run.path,
    updates,
    note: note === 'remove' ? undefined : note.slice(1),
  });
  catalog.refresh();
  await page.refresh();
}
