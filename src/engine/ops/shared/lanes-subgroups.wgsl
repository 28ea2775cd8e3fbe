// What lanes.wgsl does, where groups are made of whole subgroups of at most SUBGROUP threads: the tree ends at SUBGROUP
// values, of which each subgroup computes the rest by itself. In which order a subgroup adds is the adapter's, from run
// to run the same. Which threads make up a subgroup does not matter.

var<private> subgroupLane: u32;
var<private> subgroupLanes: u32;

fn sumLanesBySubgroups(lane: u32, value: f32) -> f32 {
  workgroupBarrier();
  lanes[lane] = value;
  for (var half = u32(THREADS) / 2u; half >= SUBGROUP; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] += lanes[lane + half]; }
  }
  workgroupBarrier();
  var sum = lanes[subgroupLane];
  for (var i = subgroupLane + subgroupLanes; i < SUBGROUP; i += subgroupLanes) { sum += lanes[i]; }
  return subgroupAdd(sum);
}

fn maxLanesBySubgroups(lane: u32, value: f32) -> f32 {
  workgroupBarrier();
  lanes[lane] = value;
  for (var half = u32(THREADS) / 2u; half >= SUBGROUP; half /= 2u) {
    workgroupBarrier();
    if (lane < half) { lanes[lane] = max(lanes[lane], lanes[lane + half]); }
  }
  workgroupBarrier();
  var most = lanes[subgroupLane];
  for (var i = subgroupLane + subgroupLanes; i < SUBGROUP; i += subgroupLanes) { most = max(most, lanes[i]); }
  return subgroupMax(most);
}
