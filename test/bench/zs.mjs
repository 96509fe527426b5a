import { readFileSync, statSync } from 'node:fs';
import { fork } from 'node:child_process';
import { createMessageConnection, IPCMessageReader, IPCMessageWriter } from 'vscode-jsonrpc/node';
import * as protocol from '../../engine/protocol/requests.ts';
import { DescribeRun, SeekRun } from '../../engine/protocol/runRequests.ts';
import { PROTOCOL_VERSION } from '../../engine/protocol/version.ts';
const text = readFileSync('test/fixtures/heldOut/shakespeare.txt','utf8').slice(0,3000);
async function open(bundle){ const child=fork(bundle,[],{execArgv:[],serialization:'advanced',stdio:['ignore','inherit','inherit','ipc']});
 const c=createMessageConnection(new IPCMessageReader(child),new IPCMessageWriter(child));
 c.onNotification(protocol.UpdateFrame,f=>{void c.sendNotification(protocol.FrameSeen,{runId:f.runId,next:f.first+f.count});}); c.listen();
 await c.sendRequest(protocol.Initialize,{protocolVersion:PROTOCOL_VERSION,backend:'wasm'}); await c.sendRequest(protocol.LoadModel,{path:process.cwd()+'/media/hope-mini'}); return {child,c}; }
const cpu=pid=>{const f=readFileSync(`/proc/${pid}/stat`,'utf8').split(') ')[1].split(' ');return (+f[11]+ +f[12])*10;};
const E={old:await open('dist-old/engine.cjs'),new:await open('dist/engine.cjs')};
const paths={};
for(const v of ['old','new']){ paths[v]=`/tmp/tr/s-${v}-${Date.now()}.hoperun`; const c0=cpu(E[v].child.pid),t0=performance.now();
 const r=await E[v].c.sendRequest(protocol.Train,{runId:'r'+v,text,title:'b',options:{epochs:2,learningRates:{},partialChunk:'flush',telemetry:true},probes:[],runPath:paths[v]});
 const d=await E[v].c.sendRequest(DescribeRun,{path:paths[v]});
 console.log(v,'updates',r.updates,'cpu/token',((cpu(E[v].child.pid)-c0)/r.positions).toFixed(3),'wall/token',((performance.now()-t0)/r.positions).toFixed(3),'keyframes',d.keyframes.join(','),'MB',(statSync(paths[v]).size/1e6).toFixed(0));
 E[v].updates=r.updates; }
const path=paths.new, U=E.new.updates; const acc={old:[],new:[]};
for(const v of ['old','new']) await E[v].c.sendRequest(protocol.LoadModel,{path:process.cwd()+'/media/hope-mini'});
for(let i=0;i<14;i++){ const at=Math.floor(((i*0.618034)%1)*U); for(const v of i%2?['old','new']:['new','old']){const c0=cpu(E[v].child.pid),t0=performance.now(); const {recomputed}=await E[v].c.sendRequest(SeekRun,{path,updates:at}); acc[v].push([recomputed,cpu(E[v].child.pid)-c0,Math.round(performance.now()-t0)]);} }
for(const v of ['old','new']) console.log(v,JSON.stringify(acc[v]),'sum cpu',acc[v].reduce((s,x)=>s+x[1],0),'updates',acc[v].reduce((s,x)=>s+x[0],0));
for(const v of ['old','new']) E[v].child.kill(); process.exit(0);
