import { useReducer } from "react";

export interface Point {
  lat: number;
  lon: number;
  t: number;
}

export interface TrackState {
  points: Point[];
  meters: number;
}

type Action = { type: "point"; point: Point } | { type: "reset" } | { type: "load"; points: Point[] };

const RAD = Math.PI / 180;
const EMPTY: TrackState = { points: [], meters: 0 };

function distance(a: Point, b: Point): number {
  const x = (b.lon - a.lon) * RAD * Math.cos(((a.lat + b.lat) / 2) * RAD);
  const y = (b.lat - a.lat) * RAD;
  return Math.hypot(x, y) * 6_371_000;
}

function addPoint(state: TrackState, point: Point): TrackState {
  const last = state.points[state.points.length - 1];
  return {
    points: [...state.points, point], // <- cost hot 94
    meters: last ? state.meters + distance(last, point) : 0,
  };
}

export function trackReducer(state: TrackState, action: Action): TrackState {
  switch (action.type) {
    case "point":
      return addPoint(state, action.point);
    case "load":
      return action.points.reduce(addPoint, EMPTY); // <- cost
    case "reset":
      return EMPTY;
  }
}

export function useTrack() {
  return useReducer(trackReducer, EMPTY);
}
