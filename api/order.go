package api

import (
	"context"
	"time"

	"github.com/legato-flow/legato/store"
)

// revenueRole is the mapped metric whose events are orders.
const revenueRole = "revenue"

// analytics is the attribute of profiles that sums up orders.
const analytics = "predictive_analytics"

// analyticsFields are its members. Those that would be predictions are null, as nothing is predicted here.
var analyticsFields = []string{"historic_clv", "predicted_clv", "total_clv", "historic_number_of_orders", "predicted_number_of_orders",
	"average_days_between_orders", "average_order_value", "churn_probability", "expected_date_of_next_order", "ranked_channel_affinity"}

// addAnalytics adds what the orders of profiles come to, if it is asked for. Where the role is played by a custom metric, or
// by none, it is not known, and null.
func addAnalytics(ctx context.Context, s *store.Store, now time.Time, q *query, all []*shown) error {
	if !q.wants(profileDescription.name, analytics) || len(all) == 0 {
		return nil
	}
	ids := make([]string, len(all))
	for i := range all {
		ids[i] = all[i].ID
	}
	role, err := s.MappedMetric(ctx, revenueRole)
	if err != nil {
		return err
	}
	histories := map[string]store.OrderHistory{}
	if role.MetricID != nil {
		rows, err := s.OrderHistories(ctx, *role.MetricID, ids, now)
		if err != nil {
			return err
		}
		for _, h := range rows {
			histories[h.ProfileID] = h
		}
	}
	for _, x := range all {
		sums := map[string]any{}
		for _, name := range analyticsFields {
			sums[name] = nil
		}
		h, ordered := histories[x.ID]
		switch {
		case ordered:
			sums["historic_number_of_orders"], sums["historic_clv"], sums["average_order_value"] = h.Orders, h.Total, h.Average
			sums["average_days_between_orders"] = h.DaysBetween
		case role.MetricID != nil:
			sums["historic_number_of_orders"], sums["historic_clv"] = 0, 0
		}
		x.Attributes[analytics] = sums
	}
	return nil
}
