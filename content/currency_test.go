package content

import "testing"

func TestMoneyIsWrittenAsItsCurrencyAndLocaleSay(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		locale, code string
		amount       any
		want         string
	}{
		{"en-US", "USD", 1234567.891, "$1,234,567.89"}, {"en-US", "USD", "0.005", "$0.01"}, {"en-US", "USD", -3, "-$3.00"},
		{"en-US", "USD", -0.001, "$0.00"}, {"en-US", "USD", 1e21, "$1,000,000,000,000,000,000,000.00"}, {"en-US", "USD", 999.999, "$1,000.00"},
		{"en-US", "EUR", 5, "€5.00"}, {"en-US", "GBP", 5, "£5.00"}, {"en-US", "JPY", 1234.5, "¥1,235"}, {"en-US", "KRW", 1000, "₩1,000"},
		{"en-US", "CHF", 5, "CHF\u00a05.00"}, {"en-US", "SEK", 5, "kr\u00a05.00"}, {"en-US", "KWD", 5, "KWD\u00a05.000"},
		{"en-US", "AUD", 5, "A$5.00"}, {"en-AU", "AUD", 5, "$5.00"}, {"en-US", "CAD", 5, "CA$5.00"}, {"en_CA", "CAD", 5, "$5.00"},
		{"en-US", "INR", 1234567, "₹1,234,567.00"}, {"en-IN", "INR", 1234567, "₹12,34,567.00"}, {"en-US", "XYZ", 5, "XYZ\u00a05.00"},
		{"de-DE", "EUR", 1234.5, "1.234,50\u00a0€"}, {"fr-FR", "EUR", 1234.5, "1\u202f234,50\u00a0€"}, {"nl-NL", "EUR", 1234.5, "€\u00a01.234,50"},
		{"pt-BR", "BRL", 1234.5, "R$\u00a01.234,50"}, {"pl-PL", "PLN", 1234.5, "1\u00a0234,50\u00a0zł"}, {"ja-JP", "JPY", 1234, "¥1,234"},
		{"sv-SE", "SEK", 1234.5, "1\u00a0234,50\u00a0kr"}, {"xx", "USD", 5, "$5.00"}, {"", "USD", 5, "$5.00"},
		{"de-CH", "CHF", 1234.5, "CHF\u00a01’234.50"}, {"tr", "TRY", 1234.5, "₺1.234,50"}, {"en-US", "ISK", 1234.5, "ISK\u00a01,235"},
	} {
		negative, whole, fraction, err := decimal(tc.amount)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := localeOf(tc.locale).money(tc.code, negative, whole, fraction); got != tc.want {
			t.Errorf("%v %s in %s: got %q, want %q", tc.amount, tc.code, tc.locale, got, tc.want)
		}
	}
	for _, bad := range []any{"", "a", "1,5", "0x10", "Inf", "NaN", "1_000", nil, true, []any{1}[:0]} {
		if _, _, _, err := decimal(bad); err == nil {
			t.Errorf("%v was taken for a number", bad)
		}
	}
}

func TestEveryCurrencyOfTheTableIsWhole(t *testing.T) {
	t.Parallel()
	if len(currencies) < 40 {
		t.Errorf("only %d currencies", len(currencies))
	}
	for code, c := range currencies {
		if !isCurrency(code) || c.symbol == "" || c.decimals < 0 || c.decimals > 3 || (c.short == "") != (c.home == "") {
			t.Errorf("%s: %+v", code, c)
		}
	}
}
