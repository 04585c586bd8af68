package expression

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/nyaruka/phonenumbers"
)

// regions are the countries of the regions that in_region knows, by ISO code and English name in lower case.
var regions = map[string]map[string]bool{
	"european_union": countries(`at austria|be belgium|bg bulgaria|hr croatia|cy cyprus|cz czechia|cz czech republic|dk denmark|ee estonia|fi finland|
		fr france|de germany|gr greece|hu hungary|ie ireland|it italy|lv latvia|lt lithuania|lu luxembourg|mt malta|nl netherlands|nl the netherlands|
		pl poland|pt portugal|ro romania|sk slovakia|si slovenia|es spain|se sweden`),
	"united_states": countries("us united states|us usa|us united states of america"),
}

func countries(table string) map[string]bool {
	known := map[string]bool{}
	for entry := range strings.SplitSeq(table, "|") {
		code, name, _ := strings.Cut(strings.TrimSpace(entry), " ")
		known[code], known[name] = true, true
	}
	return known
}

func definePeople() {
	pure("in_region", func(a []any) any {
		country, ok := a[0].(string)
		if !ok {
			return nil
		}
		return regions[a[1].(string)][strings.ToLower(strings.TrimSpace(country))]
	})
	pure("phone_country", func(a []any) any {
		text, ok := a[0].(string)
		if !ok || len(text) > 50 || !strings.HasPrefix(text, "+") {
			return nil
		}
		number, err := phonenumbers.Parse(text, "")
		if err != nil {
			return nil
		}
		code := phonenumbers.GetRegionCodeForNumber(number)
		if code == "" || code == "ZZ" || code == "001" {
			return nil
		}
		return code
	})
	stateful("sample", func(e *evaluation, a []any) (any, error) {
		seed := fmt.Sprintf("%q %q %d %q", fmt.Sprint(get(e.input.Person, "id")), fmt.Sprint(get(e.input.Flow, "id")), e.input.Start.UnixMicro(), a[1])
		sum := sha256.Sum256([]byte(seed))
		return float64(binary.BigEndian.Uint64(sum[:8])>>11)/(1<<53) < a[0].(float64)/100, nil
	})
}

// people rewrites the functions about people that need no database.
func (c *compiler) people(n ast.Node, f *Function, args []ast.Node) (ast.Node, kind, error) {
	if f.Name == "sample" {
		percent, ok := literal(args[0])
		share, isNumber := percent.(float64)
		if !ok || !isNumber || math.IsNaN(share) || share < 0 || share > 100 {
			return nil, 0, c.fail(args[0], "the percentage of sample must be written out, from 0 to 100")
		}
		salt := ""
		if len(args) == 2 {
			var err error
			if salt, err = c.constantText(args[1], "the salt"); err != nil {
				return nil, 0, err
			}
		}
		return invoke(n, f.Name, state(n), constant(n, share), constant(n, salt)), f.gives, nil
	}
	if f.Name == "in_region" {
		if region, err := c.constantText(args[1], "the region"); err != nil {
			return nil, 0, err
		} else if regions[region] == nil {
			return nil, 0, c.fail(args[1], "%q is no region; known are european_union and united_states", clip(region))
		}
	}
	parts, kinds, err := c.rewriteAll(args)
	if err != nil {
		return nil, 0, err
	}
	if kinds[0] != anything && kinds[0] != text {
		return nil, 0, c.fail(n, "%s needs text, got %s: %s", f.Name, kinds[0], f.Signature)
	}
	return invoke(n, f.Name, parts...), f.gives, nil
}
