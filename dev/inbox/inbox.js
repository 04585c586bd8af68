// Loads the list anew when a message has arrived, unless somebody is typing a search.
const { newest, watch } = document.body.dataset;
if (watch !== undefined) {
  setInterval(async () => {
    if (document.hidden || document.activeElement?.type === "search") return;
    const answer = await fetch("/inbox/newest?to=" + encodeURIComponent(watch)).catch(() => null);
    if (answer?.ok && (await answer.text()) !== newest) location.reload();
  }, 2000);
}
