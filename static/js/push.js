// "Tell me on this device": asks for permission, makes a subscription, and posts it with the form of the page.
// The page works without this file; it then says what is missing.
const section = document.querySelector("[data-push]");
const form = section.querySelector("form[data-push-state]");
const failed = section.querySelector("[data-push-failed]");

const show = (state) => {
  for (const part of section.querySelectorAll("[data-push-state]")) part.hidden = part.dataset.pushState !== state;
};

const octets = (text) => {
  const plain = text.replaceAll("-", "+").replaceAll("_", "/");
  return Uint8Array.from(atob(plain + "=".repeat(-plain.length & 3)), (letter) => letter.charCodeAt(0));
};

const fingerprint = async (endpoint) => {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint));
  return Array.from(new Uint8Array(digest), (octet) => octet.toString(16).padStart(2, "0")).join("");
};

const isListed = async (subscription) => {
  const mark = section.querySelector(`[data-device="${await fingerprint(subscription.endpoint)}"]`);
  if (mark) mark.hidden = false;
  return mark !== null;
};

const isOurs = (subscription) => {
  const theirs = new Uint8Array(subscription.options.applicationServerKey ?? []);
  const ours = octets(section.dataset.push);
  return theirs.length === ours.length && theirs.every((octet, place) => octet === ours[place]);
};

const look = async () => {
  const able = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
  const apple = /iPhone|iPad/.test(navigator.userAgent) && !navigator.standalone;
  if (!able) return apple ? "home-screen" : "unable";
  if (Notification.permission === "denied") return "denied";
  const worker = await navigator.serviceWorker.getRegistration("/");
  const subscription = await worker?.pushManager.getSubscription();
  return subscription && (await isListed(subscription)) ? "on" : "off";
};

// A subscription that was made with an earlier key of ours takes nothing from the present one.
const subscribe = async () => {
  await navigator.serviceWorker.register(section.dataset.worker);
  const worker = await navigator.serviceWorker.ready;
  const known = await worker.pushManager.getSubscription();
  if (known && isOurs(known)) return known;
  await known?.unsubscribe();
  return worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: octets(section.dataset.push) });
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  failed.hidden = true;
  try {
    const permission = await Notification.requestPermission();
    if (permission !== "granted") return show(permission === "denied" ? "denied" : "off");
    const { endpoint, keys } = (await subscribe()).toJSON();
    for (const [name, value] of Object.entries({ endpoint, p256dh: keys.p256dh, auth: keys.auth })) {
      form.elements[name].value = value;
    }
    HTMLFormElement.prototype.submit.call(form);
  } catch {
    failed.hidden = false;
  }
});

show(await look().catch(() => "unable"));
