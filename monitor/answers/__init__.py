"""What waits for an answer, and what people did about it: one card a story, one state a card."""

from monitor.answers.backlog import Waiting, waiting
from monitor.answers.cards import OPEN, STATES, Card, Counts, Order, Queue, Wanted
from monitor.answers.listing import card, queue
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
    "Waiting",
    "Wanted",
    "answer",
    "card",
    "find",
    "history",
    "queue",
    "undo",
    "waiting",
]
