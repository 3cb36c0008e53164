"""What `tests.forked` has ready before it forks: the modules that our programs import, and what they make
once a process, whatever their settings."""

import faust
import psycopg

import monitor.cli
import monitor.delivery.sender
import monitor.logos.finder
import monitor.logos.gallery
import monitor.sentiment
import monitor.sources.runner
import monitor.stream.worker
from monitor.brands import load_brands
from monitor.texts.language import load_detector

LOADED = (faust, psycopg, monitor)

load_brands()
load_detector()
