/** Asks the server what is wrong with the form as it stands, without saving anything. */

/**
 * Return a function that checks `form` at `url` and gives `[{place, message, hint}]`.
 *
 * A newer question cancels an older one, whose promise then gives null. Throws what `fetch` throws, and an Error
 * for an answer that is not 200.
 */
export function checker(form, url) {
  let running = null;

  return async function check() {
    running?.abort();
    const own = new AbortController();
    running = own;
    try {
      return await ask({ form, url, signal: own.signal });
    } catch (error) {
      if (error.name === "AbortError") return null;
      throw error;
    }
  };
}

async function ask({ form, url, signal }) {
  const response = await fetch(url, {
    method: "POST",
    body: new FormData(form),
    headers: { Accept: "application/json" },
    credentials: "same-origin",
    signal,
  });
  if (!response.ok) throw new Error(`the check answered ${response.status}`);
  return (await response.json()).problems;
}
