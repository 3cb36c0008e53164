"""What waits for an answer, and what people did about it: one card a story, one state a card."""

from monitor.answers.cards import OPEN, STATES, Card, Counts, Order, Queue, Wanted
from monitor.answers.queue import card, queue, waiting
from monitor.answers.states import Answer, AnswerError, MeanwhileError, State, answer, find, history, undo

__all__ = [
    "OPEN",
    "STATES",
    "Answer",
    "AnswerError",
    "Card",
    "Counts",
    "MeanwhileError",
    "Order",
    "Queue",
    "State",
    "Wanted",
    "answer",
    "card",
    "find",
    "history",
    "queue",
    "undo",
    "waiting",
]
