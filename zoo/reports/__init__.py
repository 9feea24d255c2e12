"""Plots and the page of a run, made from what a task measured."""
