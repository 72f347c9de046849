// Asks the browser for a passkey, and puts its answer into the form of the page. It writes no HTML, and the words that it
// shows stand in the page. What is to be signed is fetched when the button is pressed: it counts for minutes only.

/** @param {string} text base64url @returns {Uint8Array<ArrayBuffer>} */
function bytes(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
}

/** @param {ArrayBuffer} buffer @returns {string} base64url */
function text(buffer) {
  const binary = String.fromCharCode(...new Uint8Array(buffer));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What the server asks, as the browser takes it. Not every browser in use can do this by itself. */
function asked(options) {
  const known = (list) => (list ?? []).map((credential) => ({ ...credential, id: bytes(credential.id) }));
  return {
    ...options,
    challenge: bytes(options.challenge),
    ...(options.user && { user: { ...options.user, id: bytes(options.user.id) } }),
    ...(options.excludeCredentials && { excludeCredentials: known(options.excludeCredentials) }),
    ...(options.allowCredentials && { allowCredentials: known(options.allowCredentials) }),
  };
}

/** What the browser has made or signed, as the server takes it. */
function answered(credential) {
  const { response } = credential;
  const made = "attestationObject" in response;
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    ...(credential.authenticatorAttachment && { authenticatorAttachment: credential.authenticatorAttachment }),
    clientExtensionResults: {},
    response: {
      clientDataJSON: text(response.clientDataJSON),
      ...(made
        ? { attestationObject: text(response.attestationObject), transports: response.getTransports?.() ?? [] }
        : {
            authenticatorData: text(response.authenticatorData),
            signature: text(response.signature),
            ...(response.userHandle && { userHandle: text(response.userHandle) }),
          }),
    },
  });
}

/** The words for what went wrong, by the name that the browser gives it. */
const WORDS = {
  NotAllowedError: "cancelled",
  AbortError: "cancelled",
  InvalidStateError: "known",
  NotSupportedError: "unsupported",
  ConstraintError: "unsupported",
  SecurityError: "misplaced",
};

/** @param {HTMLFormElement} form */
function offer(form) {
  const place = /** @type {HTMLElement} */ (form.querySelector(".passkey"));
  const button = /** @type {HTMLButtonElement} */ (place.querySelector("button"));
  const status = /** @type {HTMLElement} */ (place.querySelector("[role=status]"));
  const answer = /** @type {HTMLInputElement} */ (place.querySelector("[name=credential]"));
  const say = (what) => {
    status.textContent = place.dataset[what] ?? "";
  };
  /** @type {HTMLElement} */ (place.querySelector(".scriptless")).hidden = true;
  if (!window.PublicKeyCredential) {
    say(window.isSecureContext ? "unsupported" : "misplaced");
    return;
  }
  button.hidden = false;

  const stop = (what) => {
    say(what);
    button.disabled = false;
  };

  async function ask() {
    if (button.disabled) return;
    const password = /** @type {HTMLInputElement | null} */ (form.querySelector("input[type=password]"));
    if (password && !password.reportValidity()) return;
    button.disabled = true;
    say("waiting");
    try {
      const token = /** @type {HTMLInputElement} */ (form.querySelector("[name=csrf_token]")).value;
      const body = new URLSearchParams({ csrf_token: token });
      const reply = await fetch(form.dataset.ask ?? "", { method: "POST", body, redirect: "manual" });
      // The session has ended or is no longer fresh, or what is asked for cannot be: the page itself knows what to do.
      if (reply.type === "opaqueredirect") return location.reload();
      if (!reply.ok) return stop("failed");
      const publicKey = asked(await reply.json());
      const credential = await (form.dataset.passkey === "create"
        ? navigator.credentials.create({ publicKey })
        : navigator.credentials.get({ publicKey }));
      answer.value = answered(credential);
      form.submit();
    } catch (error) {
      stop(WORDS[/** @type {Error} */ (error).name] ?? "failed");
    }
  }

  button.addEventListener("click", ask);
  // Enter in the name of a new passkey does what its button does.
  if (form.dataset.passkey === "create") {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      ask();
    });
  }
  addEventListener("pageshow", () => {
    answer.value = "";
    button.disabled = false;
  });
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  offer(/** @type {HTMLFormElement} */ (form));
}
