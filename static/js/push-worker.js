// Shows notices while the site is closed, tells that they came, and takes "I know". Served from the root as /sw.js.
// What is sent to it: notifications/push_fan_out.py.
"use strict";

const ICON = "/static/icon-192.png";
const PAUSES = [0, 2000, 15000];

const rest = (time) => new Promise((wake) => setTimeout(wake, time));

// The token in the path is the proof: no cookie goes along. What failed on the way is tried again.
const post = async (path, fields) => {
  for (const pause of PAUSES) {
    if (pause) await rest(pause);
    try {
      const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), credentials: "omit" });
      if (answer.status < 500) return answer.ok;
    } catch {
      // No network: the next try may have one.
    }
  }
  return false;
};

const show = async ({ title, body, tag, lang, url, token, know }) => {
  try {
    const actions = know ? [{ action: "know", title: know }] : [];
    await self.registration.showNotification(title, { body, tag, lang, icon: ICON, actions, data: { url, token } });
    return "yes";
  } catch {
    return "no";
  }
};

const receive = async (message) => {
  const shown = await show(message);
  await post(`/push/received/${message.token}/`, { shown, at: Math.floor(Date.now() / 1000) });
};

const acknowledge = async ({ url, token }) => {
  if (!(await post(`/push/acknowledge/${token}/`, {}))) await self.clients.openWindow(url);
};

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("push", (event) => {
  if (event.data) event.waitUntil(receive(event.data.json()));
});
self.addEventListener("notificationclick", (event) => {
  const { action, notification } = event;
  notification.close();
  const done = action === "know" ? acknowledge(notification.data) : self.clients.openWindow(notification.data.url);
  event.waitUntil(done);
});
