/** Which platform is taken where a bundle for browsers, in which the module of Node is empty, meets a `process`. */
import { afterEach, expect, it, vi } from 'vitest';

afterEach(() => {
  vi.doUnmock('../../src/platform/node.js');
  vi.resetModules();
});

it('is that of a browser where the module of Node is left out', async () => {
  vi.doMock('../../src/platform/node.js', () => ({ nodePlatform: undefined }));
  const { currentPlatform } = await import('../../src/platform/platform.js');
  expect(await currentPlatform()).toMatchObject({ memory: null, save: null });
});
it('is Node where it is there', async () => {
  const { currentPlatform } = await import('../../src/platform/platform.js');
  expect((await currentPlatform()).save).not.toBeNull();
});
