/** Only a page of ours is gone back to; the server checks it again. */
export function pageOfOurs(path: string | undefined): string | undefined {
  return path !== undefined && /^\/(?![/\\])/.test(path) ? path : undefined;
}

export function backTo(path: string | undefined): string {
  const page = pageOfOurs(path);
  return page === undefined ? "/auth/sign-in" : `/auth/sign-in?${new URLSearchParams({ return: page }).toString()}`;
}
