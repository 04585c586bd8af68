package definition_test

import (
	"os"
	"strings"
	"testing"

	"github.com/legato-flow/legato/flow/definition"
)

func TestAnActionIsRemovedAndItsPeopleGoPast(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/welcome.json")
	if err != nil {
		t.Fatal(err)
	}
	p := read(t, data, fresh)
	hash := p.Hash()
	changed, err := definition.RemoveAction(p, "d")
	if err != nil {
		t.Fatal(err)
	}
	if changed.Step("d") != nil || changed.Step("m1").Next != "mb" || changed.Step("m2").Next != "mb" || changed.Step("ab").Next != "mb" {
		t.Errorf("%+v", changed.Steps)
	}
	if p.Hash() != hash {
		t.Error("the plan itself changed")
	}
	if changed, err = definition.RemoveAction(p, "m1"); err != nil || changed.Step("ab").Split.Branches[0].Next != "d" {
		t.Error(err)
	}
	if _, err := definition.RemoveAction(p, "ab"); err == nil || !strings.Contains(err.Error(), "f1~m1: No other action leads to this one.") {
		t.Error(err)
	}
	if _, err := definition.RemoveAction(p, "none"); err == nil {
		t.Error("a step that is not there is removed")
	}
	alone := read(t, []byte(flowOf(byList, mail("a", "null"))), fresh)
	if _, err := definition.RemoveAction(alone, "a"); err == nil {
		t.Error("no step is left")
	}
}

func TestMessagesAreShownOneByOne(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/experiments.json")
	if err != nil {
		t.Fatal(err)
	}
	p := read(t, data, fresh)
	var shown []string
	for i := range p.Steps {
		for _, m := range definition.Messages(p, &p.Steps[i], shop) {
			shown = append(shown, m.ID+" "+m.Channel+" "+m.Template)
		}
	}
	want := "f1~action-1~a email TPL1,f1~action-1~b email TPL1,f1~p~variant-1 mobile_push ,f1~p~variant-2 mobile_push ,f1~p~variant-3 mobile_push "
	if got := strings.Join(shown, ","); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
