/** Only a page of ours is gone back to; the server checks it again. */
export function backTo(path: string | undefined): string {
  return path !== undefined && /^\/(?![/\\])/.test(path) ? `/auth/sign-in?${new URLSearchParams({ return: path }).toString()}` : "/auth/sign-in";
}
