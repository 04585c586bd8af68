package content

import "strings"

// A locale says how amounts of money are written. The patterns are those of Unicode's CLDR;
// golang.org/x/text/currency knows the symbols but does not place them.
type locale struct {
	group, point string
	behind       bool   // the symbol comes behind the number
	space        string // between symbol and number
	home         string // the country whose own currency needs no more than its short symbol
	lakh         bool   // digits in groups of two above the thousand
}

const (
	noBreakSpace       = "\u00a0"
	narrowNoBreakSpace = "\u202f"
)

// locales by language, and by language and country where that differs.
var locales = map[string]locale{
	"cs":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"da":    {group: ".", point: ",", behind: true, space: noBreakSpace},
	"de":    {group: ".", point: ",", behind: true, space: noBreakSpace},
	"de-AT": {group: noBreakSpace, point: ",", space: noBreakSpace},
	"de-CH": {group: "’", point: ".", space: noBreakSpace},
	"en":    {group: ",", point: "."},
	"en-IN": {group: ",", point: ".", lakh: true},
	"es":    {group: ".", point: ",", behind: true, space: noBreakSpace},
	"es-MX": {group: ",", point: "."},
	"fi":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"fr":    {group: narrowNoBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"he":    {group: ",", point: ".", behind: true, space: noBreakSpace},
	"hi":    {group: ",", point: ".", lakh: true},
	"hu":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"it":    {group: ".", point: ",", behind: true, space: noBreakSpace},
	"ja":    {group: ",", point: "."},
	"ko":    {group: ",", point: "."},
	"nb":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"nl":    {group: ".", point: ",", space: noBreakSpace},
	"no":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"pl":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"pt":    {group: ".", point: ",", space: noBreakSpace},
	"pt-PT": {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"ro":    {group: ".", point: ",", behind: true, space: noBreakSpace},
	"sv":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"th":    {group: ",", point: "."},
	"tr":    {group: ".", point: ","},
	"uk":    {group: noBreakSpace, point: ",", behind: true, space: noBreakSpace},
	"zh":    {group: ",", point: "."},
}

// localeOf finds the locale of a tag such as de-CH or de_CH; an unknown one is written as English is.
func localeOf(tag string) locale {
	language, country, _ := strings.Cut(strings.ReplaceAll(tag, "_", "-"), "-")
	language, country = strings.ToLower(language), strings.ToUpper(country)
	l, ok := locales[language+"-"+country]
	if !ok {
		if l, ok = locales[language]; !ok {
			l = locales["en"]
		}
	}
	l.home = country
	return l
}

// currency is how an ISO 4217 currency is written.
type currency struct {
	symbol   string // everywhere
	short    string // at home, when that is another
	home     string // country of the short symbol
	decimals int
}

var currencies = map[string]currency{
	"AED": {"AED", "", "", 2}, "ARS": {"ARS", "$", "AR", 2}, "AUD": {"A$", "$", "AU", 2}, "BGN": {"BGN", "", "", 2},
	"BHD": {"BHD", "", "", 3}, "BRL": {"R$", "", "", 2}, "CAD": {"CA$", "$", "CA", 2}, "CHF": {"CHF", "", "", 2},
	"CLP": {"CLP", "$", "CL", 0}, "CNY": {"CN¥", "¥", "CN", 2}, "COP": {"COP", "$", "CO", 2}, "CZK": {"Kč", "", "", 2},
	"DKK": {"kr.", "", "", 2}, "EGP": {"EGP", "", "", 2}, "EUR": {"€", "", "", 2}, "GBP": {"£", "", "", 2},
	"HKD": {"HK$", "$", "HK", 2}, "HUF": {"Ft", "", "", 2}, "IDR": {"Rp", "", "", 2}, "ILS": {"₪", "", "", 2},
	"INR": {"₹", "", "", 2}, "ISK": {"ISK", "kr", "IS", 0}, "JOD": {"JOD", "", "", 3}, "JPY": {"¥", "", "", 0},
	"KRW": {"₩", "", "", 0}, "KWD": {"KWD", "", "", 3}, "MXN": {"MX$", "$", "MX", 2}, "MYR": {"RM", "", "", 2},
	"NGN": {"₦", "", "", 2}, "NOK": {"kr", "", "", 2}, "NZD": {"NZ$", "$", "NZ", 2}, "OMR": {"OMR", "", "", 3},
	"PEN": {"S/", "", "", 2}, "PHP": {"₱", "", "", 2}, "PLN": {"zł", "", "", 2}, "QAR": {"QAR", "", "", 2},
	"RON": {"lei", "", "", 2}, "SAR": {"SAR", "", "", 2}, "SEK": {"kr", "", "", 2}, "SGD": {"S$", "$", "SG", 2},
	"THB": {"฿", "", "", 2}, "TND": {"TND", "", "", 3}, "TRY": {"₺", "", "", 2}, "TWD": {"NT$", "$", "TW", 2},
	"UAH": {"₴", "", "", 2}, "USD": {"$", "", "", 2}, "VND": {"₫", "", "", 0}, "ZAR": {"R", "", "", 2},
}

func isCurrency(code string) bool {
	if len(code) != 3 {
		return false
	}
	for _, c := range code {
		if c < 'A' || c > 'Z' {
			return false
		}
	}
	return true
}

// money writes an amount. A currency that is not in the table is written with its code and two decimals.
func (l locale) money(code string, negative bool, whole, fraction string) string {
	c, ok := currencies[code]
	if !ok {
		c = currency{symbol: code, decimals: 2}
	}
	symbol, space := c.symbol, l.space
	if c.short != "" && c.home == l.home {
		symbol = c.short
	}
	if last := symbol[len(symbol)-1]; space == "" && (last >= 'A' && last <= 'Z' && len(symbol) == 3 || last >= 'a' && last <= 'z' || last == '.') {
		space = noBreakSpace // CHF 5.00, kr 5.00: letters need a gap
	}
	whole, fraction = round(whole, fraction, c.decimals)
	number := l.groupDigits(whole)
	if fraction != "" {
		number += l.point + fraction
	}
	sign := ""
	if negative && strings.Trim(whole+fraction, "0") != "" {
		sign = "-"
	}
	if l.behind {
		return sign + number + space + symbol
	}
	return sign + symbol + space + number
}

func (l locale) groupDigits(digits string) string {
	var b strings.Builder
	for i, d := range digits {
		left := len(digits) - i
		if i > 0 && (left == 3 || left > 3 && (l.lakh && left%2 == 1 || !l.lakh && left%3 == 0)) {
			b.WriteString(l.group)
		}
		b.WriteRune(d)
	}
	return b.String()
}
