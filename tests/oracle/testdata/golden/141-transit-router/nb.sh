ovn-sbctl chassis-add hv1 geneve 192.168.0.1 -- set Chassis hv1 other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true -- --id=@c get Chassis hv1 -- create Chassis_Private name=hv1 chassis=@c
ovn-sbctl chassis-add far geneve 192.168.0.9 -- set Chassis far other_config:ct-commit-nat-v2=true other_config:ct-commit-to-zone=true other_config:ct-label-flush=true other_config:ct-next-zone=true other_config:ct-no-masked-label=true other_config:fdb-timestamp=true other_config:is-interconn=false other_config:ls-dpg-column=true other_config:mac-binding-timestamp=true other_config:ovn-ct-lb-related=true other_config:ovn-sample-with-registers=true other_config:port-up-notif=true other_config:is-remote=true -- --id=@c get Chassis far -- create Chassis_Private name=far chassis=@c
ovn-nbctl sync
ovn-nbctl lr-add tr
ovn-nbctl ls-add sw0
ovn-nbctl lrp-add tr tr-sw0 0a:00:00:00:ff:01 10.0.0.254/24 -- lsp-add sw0 sw0-tr -- lsp-set-type sw0-tr router -- lsp-set-addresses sw0-tr router -- lsp-set-options sw0-tr router-port=tr-sw0
ovn-nbctl lrp-add tr tr-far 0a:00:00:00:ff:02 100.65.0.1/30
ovn-nbctl set Logical_Router_Port tr-far options:requested-chassis=far options:requested-tnl-key=8
ovn-nbctl lrp-add tr tr-near 0a:00:00:00:ff:03 100.66.0.1/30
ovn-nbctl set Logical_Router_Port tr-near options:requested-chassis=hv1
ovn-nbctl lrp-add tr tr-ghost 0a:00:00:00:ff:04 100.67.0.1/30
ovn-nbctl set Logical_Router_Port tr-ghost options:requested-chassis=ghost
ovn-nbctl lr-nat-add tr snat 100.65.0.9 10.0.0.0/24
ovn-appctl -t $OVN_RUNDIR/northd.ctl inc-engine/recompute # stock is not always exact without
ovn-nbctl sync
