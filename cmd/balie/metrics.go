package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/balie/balie/channels"
	"github.com/balie/balie/intake"
)

// metrics are what Prometheus reads. Labels are channels, outcomes and actions,
// never anything of a customer.
type metrics struct {
	registry  *prometheus.Registry
	messages  *prometheus.CounterVec
	decisions *prometheus.HistogramVec
	sends     *prometheus.CounterVec
	restarts  *prometheus.CounterVec
	received  *prometheus.CounterVec
	refused   *prometheus.CounterVec
	timers    *prometheus.CounterVec
}

func newMetrics() *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry: prometheus.NewRegistry(),
		messages: counter("balie_intake_messages_total", "Messages taken in, by channel and line in the ledger.", "channel", "outcome"),
		decisions: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "balie_decision_seconds",
			Help: "Time to match and decide, by action.", Buckets: prometheus.ExponentialBuckets(25e-6, 2, 12)}, []string{"action"}),
		sends:    counter("balie_dispatch_deliveries_total", "Tries to send, by channel and result.", "channel", "result"),
		restarts: counter("balie_channel_restarts_total", "Times a channel ended though it should not.", "channel"),
		received: counter("balie_channel_received_total", "Messages a channel handed in, repeated ones too.", "channel"),
		refused:  counter("balie_channel_refused_total", "Times a channel was told to come again.", "channel"),
		timers:   newTimers(),
	}
	m.registry.MustRegister(m.messages, m.decisions, m.sends, m.restarts, m.received, m.refused, m.timers,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

func (m *metrics) intake() intake.Meter {
	return intake.Meter{
		Message: func(channel, outcome string) { m.messages.WithLabelValues(channel, outcome).Inc() },
		Decided: func(action string, took time.Duration) { m.decisions.WithLabelValues(action).Observe(took.Seconds()) },
	}
}

func (m *metrics) channels() channels.Counters {
	return channels.Counters{
		Restarted: func(channel string) { m.restarts.WithLabelValues(channel).Inc() },
		Received:  func(channel string, n int) { m.received.WithLabelValues(channel).Add(float64(n)) },
		Refused:   func(channel string) { m.refused.WithLabelValues(channel).Inc() },
	}
}

func (m *metrics) sent(channel, result string) { m.sends.WithLabelValues(channel, result).Inc() }

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// scrapeTime bounds one reading of the metrics, and how long they keep a stop.
const scrapeTime = 5 * time.Second

// serveMetrics serves /metrics on an address of its own until ctx ends. Without
// figures the desk still works: what goes wrong here is only said.
func (a *app) serveMetrics(ctx context.Context) error {
	if a.cfg.HTTP.Metrics == "" {
		return nil
	}
	ln, err := net.Listen("tcp", a.cfg.HTTP.Metrics)
	if err != nil {
		a.log.Error("metrics are not served", "err", err)
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.handler())
	s := &http.Server{Handler: mux, ReadTimeout: scrapeTime, WriteTimeout: scrapeTime, IdleTimeout: time.Minute}
	defer context.AfterFunc(ctx, func() { s.Close() })()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		a.log.Error("metrics are not served any more", "err", err)
	}
	return nil
}
