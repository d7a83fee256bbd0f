package main

import (
	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/balie/balie"
	"github.com/balie/balie/channels"
	"github.com/balie/balie/internal/httpd"
)

// health mounts what probes and monitoring read. /healthz says what each
// channel hears; /readyz only whether this balie can take something in.
func (a *app) health(r fiber.Router) {
	r.Get("/healthz", func(c *fiber.Ctx) error {
		ok, body := a.healthy()
		if !local(c) { // names of mailboxes and words of servers are not for everybody
			body = fiber.Map{"ok": ok}
		}
		if !ok {
			c.Status(fiber.StatusServiceUnavailable)
			c.Set(fiber.HeaderRetryAfter, "30")
		}
		return c.JSON(body)
	})
	r.Get("/readyz", func(c *fiber.Ctx) error {
		if err := a.store.Fault(); err != nil {
			c.Status(fiber.StatusServiceUnavailable)
			c.Set(fiber.HeaderRetryAfter, "30")
			return c.JSON(fiber.Map{"ready": false, "store": "not writable"})
		}
		return c.JSON(fiber.Map{"ready": true})
	})
	a.metrics.registry.MustRegister(channelsUp{a})
	if a.cfg.HTTP.Metrics != "" {
		return // they have an address of their own
	}
	handler := adaptor.HTTPHandler(a.metrics.handler())
	r.Get("/metrics", func(c *fiber.Ctx) error {
		if !local(c) {
			return balie.ErrNotFound
		}
		return handler(c)
	})
}

// local reports whether somebody on this machine asks. Behind a proxy that is
// not named everybody seems to; the header shows that it is not so.
func local(c *fiber.Ctx) bool {
	return httpd.Client(c).IsLoopback() && c.Get(fiber.HeaderXForwardedFor) == ""
}

// healthy reports whether all is well, and what is not.
func (a *app) healthy() (bool, fiber.Map) {
	ok := a.store.Fault() == nil
	store := "ok"
	if !ok {
		store = "not writable"
	}
	status := a.supervisor.Health()
	for _, s := range status {
		ok = ok && s.State == channels.Up
	}
	return ok, fiber.Map{"ok": ok, "version": version(), "store": store, "channels": status}
}

// channelsUp is a metric made when it is asked for: 1 for a channel that hears
// what it should.
type channelsUp struct{ a *app }

var channelUp = prometheus.NewDesc("balie_channel_up", "1 when a channel hears what it should.", []string{"channel"}, nil)

// Describe is of prometheus.Collector.
func (channelsUp) Describe(ch chan<- *prometheus.Desc) { ch <- channelUp }

// Collect is of prometheus.Collector.
func (u channelsUp) Collect(ch chan<- prometheus.Metric) {
	for _, s := range u.a.supervisor.Health() {
		v := 0.0
		if s.State == channels.Up {
			v = 1
		}
		ch <- prometheus.MustNewConstMetric(channelUp, prometheus.GaugeValue, v, s.Name)
	}
}
