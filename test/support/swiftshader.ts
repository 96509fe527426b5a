import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';

const DRIVER = 'vk_swiftshader_icd.json';

/**
 * Variables that let a child find the software Vulkan driver and loader which every Chromium brings; none where the
 * machine names a driver of its own. @returns undefined where there is no Chromium with one
 */
export function swiftshaderEnvironment(): Record<string, string> | undefined {
  if (process.env.VK_ICD_FILENAMES || process.env.VK_DRIVER_FILES) return {};
  const chromium = process.env.CHROMIUM;
  const beside = chromium && existsSync(chromium) ? [dirname(realpathSync(chromium))] : [];
  const folders = [...beside, '/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome'];
  const folder = folders.find(each => existsSync(join(each, DRIVER)));
  if (!folder) return undefined;
  const libraries = [folder, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
  return { VK_ICD_FILENAMES: join(folder, DRIVER), LD_LIBRARY_PATH: libraries };
}
