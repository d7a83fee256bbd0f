package main

import "github.com/gofiber/fiber/v2"

// mountPages mounts the pages that are not a channel's.
func (a *app) mountPages(fiber.Router) {}
