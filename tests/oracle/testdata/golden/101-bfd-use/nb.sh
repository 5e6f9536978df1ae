ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-nbctl sync
ovn-nbctl ls-add sw0
ovn-nbctl ls-add ext
ovn-nbctl lr-add r0
ovn-nbctl lrp-add r0 r0-sw0 0a:00:00:00:ff:01 10.0.0.254/24 -- lsp-add sw0 sw0-r0 -- lsp-set-type sw0-r0 router -- lsp-set-addresses sw0-r0 router -- lsp-set-options sw0-r0 router-port=r0-sw0
ovn-nbctl lrp-add r0 r0-ext 0a:00:00:00:ff:04 172.16.0.1/24 -- lsp-add ext ext-r0 -- lsp-set-type ext-r0 router -- lsp-set-addresses ext-r0 router -- lsp-set-options ext-r0 router-port=r0-ext
ovn-nbctl lsp-add ext ln-ext -- lsp-set-type ln-ext localnet -- lsp-set-addresses ln-ext unknown -- lsp-set-options ln-ext network_name=phys
ovn-nbctl lrp-set-gateway-chassis r0-ext hv1 10
ovn-nbctl create BFD logical_port=r0-sw0 dst_ip=172.16.0.220
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.221 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=1.0.0.0/8 nexthop=172.16.0.221 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.222 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=nonsense nexthop=172.16.0.222 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.223 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=2.0.0.0/8 nexthop=99.16.0.222 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.228 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=3.0.0.0/8 nexthop=172.16.0.229 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.230 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=4.0.0.0/8 nexthop=172.16.0.230 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.231 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=4.0.0.0/8 nexthop=172.16.0.231 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.232 status=up -- --id=@r create Logical_Router_Static_Route ip_prefix=4.0.0.0/8 nexthop=172.16.0.232 bfd=@b -- add Logical_Router r0 static_routes @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.224 status=up -- --id=@r create Logical_Router_Policy priority=4 match=1 action=allow bfd_sessions=@b -- add Logical_Router r0 policies @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.225 status=up -- --id=@r create Logical_Router_Policy priority=5 match=1 action=reroute nexthops=172.16.0.226 bfd_sessions=@b -- add Logical_Router r0 policies @r
ovn-nbctl --id=@b create BFD logical_port=r0-ext dst_ip=172.16.0.227 status=up -- --id=@r create Logical_Router_Policy priority=6 match=1 action=reroute nexthop=172.16.0.227 bfd_sessions=@b -- add Logical_Router r0 policies @r
up() { for b in $(ovn-sbctl --bare --columns=_uuid find BFD dst_ip=$1); do ovn-sbctl set BFD $b status=$2; done; ovn-nbctl sync; }
up 172.16.0.221 up
up 172.16.0.230 up
up 172.16.0.231 up
up 172.16.0.228 up
up 172.16.0.231 down
ovn-nbctl set BFD $(ovn-nbctl --bare --columns=_uuid find BFD dst_ip=172.16.0.230) min_tx=77 detect_mult=3
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
