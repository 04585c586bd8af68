package inbox

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/legato-flow/legato/internal/testkit"
)

// TestTheInboxInABrowser reads a message as a person does. LEGATO_TEST_SCREENSHOTS names a folder for pictures of it.
func TestTheInboxInABrowser(t *testing.T) {
	t.Parallel()
	b, _, web := serve(t)
	browser := testkit.Browser(t)
	ctx, cancel := context.WithTimeout(browser, 3*time.Minute)
	defer cancel()

	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	text := func(selector string) string {
		t.Helper()
		text, err := chromedp.Run(ctx, chromedp.Text(selector))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	shoot := func(name string) {
		t.Helper()
		dir := os.Getenv("LEGATO_TEST_SCREENSHOTS")
		if dir == "" {
			return
		}
		picture, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do(chromedp.EmulateViewport(1280, 800), chromedp.Navigate(web+"/inbox"))
	if text := text("main"); !strings.Contains(text, "No messages yet") {
		t.Errorf("an empty inbox shows %q", text)
	}
	shoot("empty")
	// The list notices by itself that a message has come.
	for i, subject := range []string{"Welcome to Hearth & Bean", "Anna, you left something in your cart", "Happy birthday!"} {
		add(t, b, []string{"anna.weber@example.com", "anna.weber@example.com", "kenji.sato@example.org"}[i], subject)
	}
	if _, err := b.Add("shop@example.com", []string{"liam.miller@example.com"}, []byte("From: Hearth & Bean <shop@example.com>\r\nSubject: An order\r\n"+
		"Content-Type: multipart/alternative; boundary=a\r\n\r\n--a\r\nContent-Type: text/plain\r\n\r\nThe plain words.\r\n"+
		"--a\r\nContent-Type: text/html\r\n\r\n<html><head></head><body style='font-family:sans-serif;padding:40px'><h1>Order 10001</h1><p id=p>waiting</p><script>document.getElementById('p').textContent='ran'</script></body></html>\r\n--a--\r\n")); err != nil {
		t.Fatal(err)
	}
	do(chromedp.WaitVisible("//a[text()='An order']"))
	if text := text("main"); !strings.Contains(text, "Happy birthday!") {
		t.Errorf("the list shows %q", text)
	}
	shoot("list")
	do(chromedp.SetValue("input[name=to]", "anna"), chromedp.Submit("input[name=to]"), chromedp.WaitVisible("tbody tr:nth-child(2)"))
	if text := text("main"); !strings.Contains(text, "your cart") || strings.Contains(text, "An order") {
		t.Errorf("searching for anna shows %q", text)
	}
	do(chromedp.Navigate(web+"/inbox"), chromedp.Click("//a[text()='An order']"), chromedp.WaitVisible("iframe"))
	// The frame is sandboxed, so its page is read on its own.
	do(chromedp.Sleep(300 * time.Millisecond)) // for the picture
	shoot("message")
	do(chromedp.Click("label[for=tab-phone]"), chromedp.Sleep(200*time.Millisecond))
	shoot("phone")
	do(chromedp.Click("label[for=tab-text]"))
	if text := text("#text"); !strings.Contains(text, "The plain words.") {
		t.Errorf("the text part shows %q", text)
	}
	do(chromedp.Click("label[for=tab-headers]"))
	if text := text("#headers"); !strings.Contains(text, "Delivered-To") {
		t.Errorf("the headers show %q", text)
	}
	shoot("headers")
	id := b.List("liam", "", 1)[0].ID
	do(chromedp.Navigate(web + "/inbox/messages/" + id + "/html"))
	if page := text("#p"); page != "waiting" {
		t.Errorf("a script in a message %s", page)
	}
	do(chromedp.EmulateViewport(390, 800), chromedp.Navigate(web+"/inbox"), chromedp.WaitVisible("tbody tr"))
	shoot("list-phone")
}
